//! Ctrl-C as a request to finish, instead of an end in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user has asked to stop.
#[derive(Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over Ctrl-C, SIGTERM left as it is.
    pub(crate) fn listen() -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let set = asked.clone();
        // Where no handler can be had, Ctrl-C simply ends the program.
        let _ = ctrlc::set_handler(move || set.store(true, Ordering::SeqCst));
        Interrupt(asked)
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
