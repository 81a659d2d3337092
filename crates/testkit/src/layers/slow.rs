//! Calls that take time, and how many were under way at once.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use s3ferry_engine::ports::PortError;

use super::around::{Around, Call, Layered};

/// A world whose calls take time.
pub type Slow<W> = Layered<W, Delay>;

/// The time that calls take.
#[derive(Debug)]
pub struct Delay {
    each: Duration,
    state: Mutex<Load>,
}

#[derive(Debug, Default)]
struct Load {
    now: BTreeMap<String, usize>,
    most: usize,
    most_on_one: usize,
}

impl<W> Slow<W> {
    /// A world in which each call takes this long.
    #[must_use]
    pub fn new(world: W, each: Duration) -> Self {
        let state = Mutex::default();
        Self {
            world,
            layer: Delay { each, state },
        }
    }

    /// The most calls that were under way at once.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.layer.load().most
    }

    /// The most calls on one target that were under way at once.
    #[must_use]
    pub fn most_at_once_on_one_target(&self) -> usize {
        self.layer.load().most_on_one
    }
}

impl Delay {
    fn load(&self) -> std::sync::MutexGuard<'_, Load> {
        self.state.lock().expect("no test panics while counting")
    }

    fn begin(&self, on: &str) {
        let mut load = self.load();
        let on_one = load.now.entry(on.to_owned()).or_default();
        *on_one += 1;
        let on_one = *on_one;
        load.most_on_one = load.most_on_one.max(on_one);
        load.most = load.most.max(load.now.values().sum());
    }

    fn end(&self, on: &str) {
        if let Some(count) = self.load().now.get_mut(on) {
            *count -= 1;
        }
    }
}

impl Around for Delay {
    async fn around<T: Send>(
        &self,
        call: Call,
        inner: impl Future<Output = Result<T, PortError>> + Send,
    ) -> Result<T, PortError> {
        self.begin(&call.on);
        tokio::time::sleep(self.each).await;
        let answer = inner.await;
        self.end(&call.on);
        answer
    }
}
