//! Forces a file to the disk beside the one who writes it: a flush takes milliseconds, and a run has thousands of steps.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// A thread that flushes a file when it is woken.
#[derive(Debug)]
pub(super) struct Flusher {
    wakes: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Flusher {
    /// Flushes this file.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn of(file: File) -> io::Result<Self> {
        // One may wait: a flush that begins later takes along what was written until then.
        let (wakes, woken) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || flush(&file, &woken))?;
        Ok(Self { wakes, thread })
    }

    /// Has what was written so far flushed soon.
    pub(super) fn wake(&self) {
        // Full: one that is to come does it. Gone: it failed, which the end tells.
        let _taken = self.wakes.try_send(());
    }

    /// Waits for the flushes that were asked for.
    ///
    /// # Errors
    /// The first failure to flush.
    pub(super) fn finish(self) -> io::Result<()> {
        drop(self.wakes);
        let flushed = self.thread.join();
        flushed.unwrap_or_else(|_panic| Err(io::Error::other("the flushing thread panicked")))
    }
}

fn flush(file: &File, woken: &Receiver<()>) -> io::Result<()> {
    woken.iter().try_for_each(|()| file.sync_data())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_to_flush_is_told_at_the_end() {
        // A pipe takes what is written and cannot be flushed.
        let (_reader, writer) = io::pipe().expect("the system has pipes");
        let flusher = Flusher::of(File::from(std::os::fd::OwnedFd::from(writer))).unwrap();
        flusher.wake();
        assert!(flusher.finish().is_err());
    }

    #[test]
    fn a_file_is_flushed_however_often_it_is_asked_for() {
        let flusher = Flusher::of(tempfile::tempfile().unwrap()).unwrap();
        for _ in 0..100 {
            flusher.wake();
        }
        flusher.finish().unwrap();
    }
}
