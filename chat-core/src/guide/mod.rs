#![doc = include_str!("guide.md")]

/// Whole programs, from the folder `examples` of this crate.
pub mod recipes {
    /// A room on tokio: one task owns it, the others send it messages.
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
