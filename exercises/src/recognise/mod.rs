//! A client sends a picture and a hint to a server over TCP; the server answers with the likeliest
//! classes.

pub mod client;
#[cfg(feature = "recognise")]
pub mod model;
pub mod server;
pub mod wire;
