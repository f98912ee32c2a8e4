#![doc = include_str!("guide.md")]

/// The recipes: whole programs, as they stand in this crate's folder `examples`.
pub mod recipes {
    /// A room on tokio: one task owns it, others send it messages.
    ///
    /// ```no_run
    #[doc = include_str!("../../examples/tokio.rs")]
    /// ```
    pub mod tokio {}

    /// A room on mio: one thread, one poll, a waker.
    ///
    /// ```no_run
    #[doc = include_str!("../../examples/mio.rs")]
    /// ```
    pub mod mio {}

    /// A simulation: a room and its clients on a network and a clock that exist only in the
    /// program.
    ///
    /// ```
    #[doc = include_str!("../../examples/in_memory.rs")]
    /// ```
    pub mod simulation {}
}
