//! UDP sockets, and the queue that wakes a loop that sleeps on one.
//!
//! | file | role |
//! |---|---|
//! | `socket` | [`ChatSocket`](socket::ChatSocket): bind, connect, receive |
//! | `send` | its sending: one, many, retries |
//! | `batch` | many datagrams in one system call (Linux) |
//! | `error_class` | classes of a socket's errors, by the side at fault |
//! | `error_queue` | ICMP reports of unreachable peers (Linux) |
//! | `kernel_drops` | the count of datagrams that did not fit the receive buffer (Linux) |
//! | `inbox` | messages from other threads, the waker, the stop |

mod batch;
mod error_class;
mod error_queue;
pub mod inbox;
pub(crate) mod kernel_drops;
mod send;
pub mod socket;
