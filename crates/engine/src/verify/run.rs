//! The comparison as a whole: which stretches run, what they counted, and where one is cut for a hand that is free.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use s3ferry_core::model::BucketRef;
use s3ferry_verify::{Side, Tally};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::{Id, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use super::content::READERS;
use super::stretch::{Message, Part, follow};
use super::{Common, Comparison, Failure, Progress, Shared, Stretch, Watch};
use crate::cancel::CancelToken;
use crate::ports::Versions;

/// Pages that a stretch has read since it was last cut before it is cut again: what is shorter is done sooner than it is cut.
const PAGES: u32 = 4;

/// How often it is told how far the comparison is.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// How a comparison ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Everything was compared.
    Whole(Tally),
    /// It was asked to stop; it goes on from here.
    Stopped(Progress),
}

/// Compares both sides, from where an earlier run left off.
///
/// # Guarantees
/// Reads only. Every version of both sides that was there all the time is counted once, whatever the cuts were. What is told of at each tick
/// is whole: going on from there counts nothing twice.
///
/// # Errors
/// [`Failure`], the first one; what was counted by then is in the last progress that was told.
pub async fn compare<W: Versions + Clone + 'static>(
    world: W,
    of: Comparison,
    from: Progress,
    watch: &mut dyn Watch,
    cancel: &CancelToken,
) -> Result<Ended, Failure> {
    let mut run = Run::new(world, of, from);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        run.start();
        if run.running.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = cancel.cancelled() => {
                run.tasks.shutdown().await;
                while let Ok(message) = run.messages.try_recv() {
                    run.hear(message, watch);
                }
                return Ok(Ended::Stopped(run.progress()));
            }
            Some(message) = run.messages.recv() => run.hear(message, watch),
            Some(ended) = run.tasks.join_next_with_id() => {
                let (task, result) = ended.map_err(Failure::stopped)?;
                // What the task told before it ended is heard first.
                while let Ok(message) = run.messages.try_recv() {
                    run.hear(message, watch);
                }
                result.inspect_err(|_| watch.progress(&run.progress()))?;
                run.running.retain(|_, running| running.task != task);
            }
            _ = tick.tick() => watch.progress(&run.progress()),
        }
    }
    watch.progress(&run.progress());
    Ok(Ended::Whole(run.tally))
}

struct Run<W> {
    common: Common<W>,
    tally: Tally,
    queue: Vec<Stretch>,
    running: BTreeMap<usize, Running>,
    tasks: JoinSet<Result<(), Failure>>,
    messages: mpsc::UnboundedReceiver<Message>,
    sender: UnboundedSender<Message>,
    started: usize,
    telling: Telling,
}

/// Counts parts and tells their remarks, as many as are wanted.
pub(super) struct Telling {
    left: u64,
}

impl Telling {
    pub(super) const fn new(most: u64) -> Self {
        Self { left: most }
    }

    pub(super) fn take(&mut self, part: Part, tally: &mut Tally, watch: &mut dyn Watch) {
        tally.join(&part.tally);
        for remark in part.remarks {
            if self.left > 0 {
                self.left -= 1;
                watch.remark(&remark);
            }
        }
    }
}

struct Running {
    task: Id,
    rest: Stretch,
    pages: u32,
    split_wanted: Arc<AtomicBool>,
    /// Whether it was asked and has not answered.
    is_asked: bool,
}

impl<W: Versions + Clone + 'static> Run<W> {
    fn new(world: W, of: Comparison, from: Progress) -> Self {
        let (sender, messages) = mpsc::unbounded_channel();
        let is_new = from == Progress::default();
        Self {
            queue: if is_new {
                vec![Stretch::default()]
            } else {
                from.left
            },
            tally: from.tally,
            telling: Telling::new(of.told),
            common: Arc::new(Shared::new(world, of)),
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
            messages,
            sender,
            started: 0,
        }
    }

    /// Starts what waits, as far as hands are free; and has stretches cut for those that are left.
    fn start(&mut self) {
        let hands = self.common.of.hands.max(1);
        while self.running.len() < hands
            && let Some(stretch) = self.queue.pop()
        {
            let (id, split_wanted) = (self.started, Arc::new(AtomicBool::new(false)));
            self.started += 1;
            let (common, sender) = (self.common.clone(), self.sender.clone());
            let task = follow(id, stretch.clone(), common, split_wanted.clone(), sender);
            let running = Running {
                task: self.tasks.spawn(task).id(),
                rest: stretch,
                pages: 0,
                split_wanted,
                is_asked: false,
            };
            self.running.insert(id, running);
        }
        let asked = self
            .running
            .values()
            .filter(|running| running.is_asked)
            .count();
        let free = hands.saturating_sub(self.running.len() + asked);
        let long = self
            .running
            .values_mut()
            .filter(|running| running.pages >= PAGES && !running.is_asked);
        for running in long.take(free) {
            running.is_asked = true;
            running.split_wanted.store(true, Ordering::Relaxed);
        }
    }

    fn hear(&mut self, message: Message, watch: &mut dyn Watch) {
        match message {
            Message::Part(id, part) => {
                let told = part.told.clone();
                self.telling.take(*part, &mut self.tally, watch);
                if let Some(running) = self.running.get_mut(&id) {
                    running.pages += 1;
                    if told.is_some() {
                        running.rest.after = told;
                    }
                }
            }
            Message::Split(id, upper) => {
                if let Some(running) = self.running.get_mut(&id) {
                    running.rest.before = upper.after.as_ref().map(|key| [&**key, b"\0"].concat());
                }
                self.queue.push(upper);
                self.answered(id);
            }
            Message::Whole(id) => self.answered(id),
        }
    }

    fn answered(&mut self, id: usize) {
        if let Some(running) = self.running.get_mut(&id) {
            running.is_asked = false;
            running.pages = 0;
        }
    }

    fn progress(&self) -> Progress {
        let running = self.running.values().map(|running| running.rest.clone());
        Progress {
            tally: self.tally.clone(),
            left: self.queue.iter().cloned().chain(running).collect(),
        }
    }
}

impl<W> Shared<W> {
    pub(super) fn new(world: W, of: Comparison) -> Self {
        Self {
            looks: AtomicU64::new(of.looks),
            readers: Semaphore::new(READERS),
            world,
            of,
        }
    }

    /// Whether one more version may be looked at.
    pub(super) fn may_look(&self) -> bool {
        let one_less = |left: u64| left.checked_sub(1);
        let left = self
            .looks
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        left.is_ok()
    }
}

impl Comparison {
    /// The bucket of a side.
    #[must_use]
    pub const fn bucket(&self, side: Side) -> &BucketRef {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }
}
