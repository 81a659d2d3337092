//! Faults by script: at the k-th call, or at the next calls of an operation on a target.

use std::future::Future;
use std::sync::Mutex;

use s3ferry_engine::ports::{Class, PortError};
use tokio::sync::Notify;

use super::around::{Around, Call, Layered, Operation};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not made and answers an error of this class.
    Before(Class),
    /// It is made and its answer is lost: an error of this class.
    After(Class),
    /// It is never made and never answers; see [`Faulty::hung`].
    HangBefore,
    /// It is made and never answers; see [`Faulty::hung`].
    HangAfter,
}

/// A world whose calls go wrong by script.
pub type Faulty<W> = Layered<W, Script>;

/// The script and how far it is.
#[derive(Debug, Default)]
pub struct Script {
    state: Mutex<Progress>,
    hung: Notify,
}

#[derive(Debug, Default)]
struct Progress {
    calls: u64,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    when: When,
    times: u32,
    fault: Fault,
}

#[derive(Debug)]
enum When {
    Call(u64),
    On(Operation, String),
}

impl<W: Sync> Faulty<W> {
    /// A world in which nothing goes wrong yet.
    #[must_use]
    pub fn new(world: W) -> Self {
        Self {
            world,
            layer: Script::default(),
        }
    }

    /// Lets the `k`th call (from 1) go wrong.
    #[must_use]
    pub fn at_call(self, k: u64, fault: Fault) -> Self {
        self.layer.add(When::Call(k), 1, fault);
        self
    }

    /// Lets the next `times` calls of an operation go wrong whose target contains `part`.
    #[must_use]
    pub fn on(self, operation: Operation, part: &str, times: u32, fault: Fault) -> Self {
        self.layer
            .add(When::On(operation, part.to_owned()), times, fault);
        self
    }

    /// How many calls were made.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.layer.progress().calls
    }

    /// Ends when a call hangs: the moment to drop the run, as a kill would.
    pub async fn hung(&self) {
        self.layer.hung.notified().await;
    }
}

impl Script {
    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.state.lock().expect("no test panics inside the script")
    }

    fn add(&self, when: When, times: u32, fault: Fault) {
        self.progress().lines.push(Line { when, times, fault });
    }

    /// Counts the call, and tells the fault that is its turn.
    fn next(&self, call: &Call) -> Option<Fault> {
        let mut progress = self.progress();
        progress.calls += 1;
        let number = progress.calls;
        let due = |line: &&mut Line| match &line.when {
            When::Call(k) => *k == number,
            When::On(operation, part) => *operation == call.operation && call.on.contains(part),
        };
        let mut lines = progress.lines.iter_mut();
        let line = lines.find(|line| line.times > 0 && due(line))?;
        line.times -= 1;
        Some(line.fault)
    }

    async fn hang<T>(&self) -> T {
        self.hung.notify_one();
        std::future::pending().await
    }
}

impl Around for Script {
    async fn around<T: Send>(
        &self,
        call: Call,
        inner: impl Future<Output = Result<T, PortError>> + Send,
    ) -> Result<T, PortError> {
        match self.next(&call) {
            None => inner.await,
            Some(Fault::Before(class)) => Err(error(class, &call)),
            Some(Fault::After(class)) => {
                let _lost = inner.await;
                Err(error(class, &call))
            }
            Some(Fault::HangBefore) => self.hang().await,
            Some(Fault::HangAfter) => {
                let _lost = inner.await;
                self.hang().await
            }
        }
    }
}

fn error(class: Class, call: &Call) -> PortError {
    PortError {
        class,
        service: "test",
        operation: call.operation.as_str(),
        target: call.on.clone(),
        code: format!("{class:?}"),
        message: "a fault of the script".to_owned(),
        request_id: None,
        hint: None,
    }
}
