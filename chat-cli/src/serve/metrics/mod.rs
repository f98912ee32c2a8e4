//! `--metrics`: what the room counts, over HTTP, for Prometheus. The table of it is METRICS.md.

mod text;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use tiny_http::{Header, Method, Request, Response, Server};

use crate::platform::inbox::Mailer;
use crate::room::{Board, Command, Input};

/// How long the room may take to answer: it does so between two datagrams.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts a thread that answers at this address; returns where that is (port 0 takes any that is
/// free).
pub(super) fn start(
    address: SocketAddr,
    board: Board,
    mailer: Mailer<Option<Input>>,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let local = listener.local_addr()?;
    let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
    let serve = move || {
        for request in server.incoming_requests() {
            answer(request, &board, &mailer);
        }
    };
    thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(serve)?;
    Ok(local)
}

fn answer(request: Request, board: &Board, mailer: &Mailer<Option<Input>>) {
    let path = request.url().split('?').next().unwrap_or_default();
    let (status, text) = match (request.method(), path) {
        (Method::Get, "/metrics") => match ask(board, mailer) {
            Some(text) => (200, text),
            None => (503, "the room does not answer\n".to_owned()),
        },
        (_, "/metrics") => (405, "only GET\n".to_owned()),
        _ => (404, "see /metrics\n".to_owned()),
    };
    let mut response = Response::from_string(text).with_status_code(status);
    if let Ok(kind) = Header::from_bytes("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
    {
        response.add_header(kind);
    }
    // Who asked has gone.
    let _gone = request.respond(response);
}

fn ask(board: &Board, mailer: &Mailer<Option<Input>>) -> Option<String> {
    let before = board.count();
    if !mailer.post(Some(Ok(Command::Count))) {
        return None;
    }
    board
        .read_after(before, PATIENCE)
        .map(|snapshot| text::of(&snapshot))
}
