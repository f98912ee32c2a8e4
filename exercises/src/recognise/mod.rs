//! A client sends a picture, and a word for what it shows, to a server over TCP; the server answers
//! with what it recognises.
//!
//! TCP carries bytes, not messages: [`frame`] says where one ends, [`message`] what is in it.

pub mod classes;
pub mod client;
pub mod frame;
pub mod message;
#[cfg(feature = "recognise")]
pub mod model;
#[cfg(feature = "recognise")]
pub mod picture;
mod places;
pub mod recogniser;
pub mod server;
