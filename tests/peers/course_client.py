"""A chat client as a pupil writes it: one process sends, one receives; it checks nothing.

It asks for a name until the answer is exactly the success word. It ends when a datagram is exactly
the end word, and dies of a byte that is not UTF-8, as all clients of this kind do.
"""
import argparse
import os
import signal
import socket
import sys


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument('host')
    parser.add_argument('port', type=int)
    parser.add_argument('success')
    parser.add_argument('end')
    parser.add_argument('--login-format', default='L {name}')
    parser.add_argument('--chat-format', default='C {name} {text}')
    parser.add_argument('--quit-format', default='Q {name}')
    parser.add_argument('--strip', action='store_true', help='an empty line becomes "C name"')
    parser.add_argument('--bind-port', type=int, default=0, help='use this port, always')
    parser.add_argument('--junk', help='send this before the login')
    return parser.parse_args()


def send_lines(sock, server, name, opts):
    while True:
        text = input()
        if text == 'quit':
            sock.sendto(opts.quit_format.format(name=name).encode(), server)
            sys.exit('quit chat')
        message = opts.chat_format.format(name=name, text=text)
        sock.sendto((message.strip() if opts.strip else message).encode(), server)


def receive_lines(sock, opts):
    while True:
        data, _ = sock.recvfrom(1024)
        if data.decode() == opts.end:
            sys.exit()
        print(data.decode(), flush=True)


def main():
    # Python does not do this where the program that started it ignores Ctrl-C, as CI may.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    opts = options()
    server = (opts.host, opts.port)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(('127.0.0.1', opts.bind_port))
    if opts.junk:
        sock.sendto(opts.junk.encode(), server)
    while True:
        name = input()
        sock.sendto(opts.login_format.format(name=name).encode(), server)
        data, _ = sock.recvfrom(1024)
        if data.decode() == opts.success:
            break
        print(data.decode(), flush=True)
    print('you are in', flush=True)
    if os.fork() == 0:
        send_lines(sock, server, name, opts)
    else:
        receive_lines(sock, opts)


main()
