//! Standard input, text for a terminal, slow readers and signals.
//!
//! | file | role |
//! |---|---|
//! | `stdin` | lines of a bounded length, and the thread that reads them |
//! | `safe_text` | [`SafeText`](safe_text::SafeText), the only text that is shown |
//! | `line_queue` | lines on their way to a slow reader: the log, the screen |
//! | `signals` | signals that stop a loop |

pub mod line_queue;
pub mod safe_text;
pub mod signals;
pub mod stdin;
