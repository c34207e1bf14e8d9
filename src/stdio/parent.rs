//! The end of the process that started this one: a client that is gone, though another process holds its input open.
//!
//! A host hands its end of the input on to what it starts beside the server, a shell or another server; where the host is
//! killed, the input does not end. The system tells of the end of a process through a handle, so nothing is looked for
//! again and again. The signal that Linux sends at a parent's death is of no use: it comes when the *thread* ends that
//! started the process, and hosts start servers from threads of a pool.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{self, AsyncRead, ReadBuf},
    time::{Instant, Sleep},
};

/// How long nothing may come from an input whose parent process has ended: one that was started through another program,
/// which has ended since, may still have a client.
const SILENCE: Duration = Duration::from_secs(10);

/// The end of the parent process.
type Ended = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An input that ends by itself, or when the process that started this one has ended and nothing comes any more.
pub(super) struct Attended<R> {
    input: R,
    /// `None` once it has ended, and where there is none to wait for.
    parent: Option<Ended>,
    /// Since the parent has ended: when the input counts as ended too.
    silence: Option<Pin<Box<Sleep>>>,
}

impl<R> Attended<R> {
    /// Returns an input that ends with the process that started this one.
    pub(super) fn new(input: R) -> Self {
        Self::until(process::ended(), input)
    }

    fn until(parent: Option<Ended>, input: R) -> Self {
        Self {
            input,
            parent,
            silence: None,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Attended<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.input).poll_read(context, buffer) {
            if let Some(silence) = &mut self.silence {
                silence.as_mut().reset(Instant::now() + SILENCE);
            }
            return Poll::Ready(read);
        }
        if let Some(parent) = &mut self.parent {
            ready!(parent.as_mut().poll(context));
            self.parent = None;
            self.silence = Some(Box::pin(tokio::time::sleep(SILENCE)));
        }
        if let Some(silence) = &mut self.silence {
            ready!(silence.as_mut().poll(context));
            tracing::info!(
                "the process that started taskhold has ended, and nothing comes any more"
            );
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod process {
    use std::{io, os::fd::OwnedFd};

    use rustix::process::{Pid, getppid};
    use tokio::io::{Interest, unix::AsyncFd};

    use super::Ended;

    /// Returns the end of the process that started this one; `None` if that is the system's first, which adopts those
    /// that were left alone and never ends, or if the system cannot tell.
    pub(super) fn ended() -> Option<Ended> {
        let parent = getppid().filter(|parent| !parent.is_init())?;
        #[expect(
            deprecated,
            reason = "what takes its place is unsafe, for values whose handle may change: an OwnedFd has one"
        )]
        let handle = handle(parent).and_then(|it| AsyncFd::with_interest(it, Interest::READABLE));
        if getppid() != Some(parent) {
            // It ended meanwhile; the handle may be that of another process.
            return Some(Box::pin(std::future::ready(())));
        }
        match handle {
            Ok(handle) => Some(Box::pin(async move {
                if handle.readable().await.is_err() {
                    std::future::pending::<()>().await;
                }
            })),
            Err(error) => {
                tracing::debug!("the end of the parent process cannot be waited for: {error}");
                None
            }
        }
    }

    /// Returns a handle that can be read when `process` has ended.
    #[cfg(target_os = "linux")]
    fn handle(process: Pid) -> io::Result<OwnedFd> {
        use rustix::process::{PidfdFlags, pidfd_open};
        Ok(pidfd_open(process, PidfdFlags::empty())?)
    }

    #[cfg(target_os = "macos")]
    fn handle(process: Pid) -> io::Result<OwnedFd> {
        use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
        let process = process.as_raw_nonzero().get();
        let process = usize::try_from(process).map_err(io::Error::other)?;
        let queue = Kqueue::new()?;
        let end = KEvent::new(
            process,
            EventFilter::EVFILT_PROC,
            EvFlags::EV_ADD,
            FilterFlag::NOTE_EXIT,
            0,
            0,
        );
        queue.kevent(&[end], &mut [], None)?;
        Ok(queue.into())
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod process {
    /// Returns nothing: there is no handle of a parent process here that needs no unsafe code.
    pub(super) fn ended() -> Option<super::Ended> {
        None
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn at_once() -> Ended {
        Box::pin(std::future::ready(()))
    }

    fn never() -> Ended {
        Box::pin(std::future::pending())
    }

    #[tokio::test(start_paused = true)]
    async fn an_input_held_open_ends_when_its_parent_has_and_nothing_has_come_for_long() {
        let (_held, input) = tokio::io::duplex(64);
        let mut input = Attended::until(Some(at_once()), input);
        let begun = Instant::now();
        assert_eq!(input.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(begun.elapsed().as_secs(), SILENCE.as_secs());
        assert_eq!(input.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_speaks_is_served_though_the_parent_has_ended() {
        let (mut held, input) = tokio::io::duplex(64);
        let mut input = Attended::until(Some(at_once()), input);
        let begun = Instant::now();
        let speaking = async {
            for _ in 0..5 {
                tokio::time::sleep(SILENCE * 9 / 10).await;
                held.write_all(b"x").await.unwrap();
            }
        };
        let mut read = Vec::new();
        let ((), count) = tokio::join!(speaking, input.read_to_end(&mut read));
        assert_eq!(count.unwrap(), 5);
        assert_eq!(begun.elapsed().as_secs(), 5 * 9 + 10);
    }

    #[tokio::test(start_paused = true)]
    async fn an_input_stays_open_while_its_parent_lives_or_where_there_is_none() {
        for parent in [Some(never()), None] {
            let (_held, input) = tokio::io::duplex(64);
            let mut input = Attended::until(parent, input);
            let hour = Duration::from_hours(1);
            let read = tokio::time::timeout(hour, input.read(&mut [0; 8])).await;
            assert!(read.is_err());
        }
    }
}
