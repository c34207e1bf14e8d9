//! The size limit of files that a process may have (`ulimit -f`): a write past it fails, as on a full disk.

#[cfg(unix)]
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

/// Raised by the signal that comes with a write past the limit.
#[cfg(unix)]
static REACHED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Has a write past the limit fail. Without this, the system's signal ends the process in the middle of what it does.
pub(crate) fn fail_writes_past_limit() {
    #[cfg(unix)]
    {
        let reached = REACHED.get_or_init(Arc::default);
        if let Err(error) =
            signal_hook::flag::register(signal_hook::consts::SIGXFSZ, reached.clone())
        {
            tracing::debug!("cannot handle SIGXFSZ: {error}");
        }
    }
}

/// Reports whether a write has met the limit since this was last asked.
pub(crate) fn was_limit_reached() -> bool {
    #[cfg(unix)]
    let was_reached = REACHED
        .get()
        .is_some_and(|reached| reached.swap(false, Ordering::Relaxed));
    #[cfg(not(unix))]
    let was_reached = false;
    was_reached
}
