//! `s3ferry status --watch`: the page redrawn in place, until somebody has seen enough.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyCode, KeyEventKind, KeyModifiers};
use futures::StreamExt as _;
use s3ferry_core::format::status::StatusFile;
use s3ferry_render::WatchedPage;
use tokio::time::{Instant, sleep_until};

use super::screen::Screen;
use super::{Metered, read};
use crate::args::StatusArgs;
use crate::commands::Ended;
use crate::exit::Exit;
use crate::planning::now;
use crate::printer::Printer;

/// Lines wider than this are hard to read.
const WIDEST: u16 = 120;

/// What a reading came to, and what was said on its way.
type Read = (Result<StatusFile, Exit>, String);

/// A reading under way.
type Reading<'a> = Pin<Box<dyn Future<Output = Read> + Send + 'a>>;

/// What is known so far.
#[derive(Default)]
struct Known {
    last: Option<StatusFile>,
    /// When a reading failed after that, and what it said.
    problem: Option<(String, String)>,
    /// What the last good reading warned of.
    warnings: String,
}

pub(super) async fn run(
    printer: &Printer,
    args: &StatusArgs,
    parallelism: usize,
    every: Duration,
) -> Ended {
    let (Some(out), Some(spare)) = (printer.terminal(), printer.terminal()) else {
        let help = "leave --watch out: s3ferry status PATH prints one page";
        printer.error(
            "--watch draws on a terminal, and standard output is none",
            Some(help),
        );
        return Err(Exit::Usage);
    };
    let failed = |error: std::io::Error| {
        printer.error(&format!("cannot draw on the terminal: {error}"), None);
        Exit::Error
    };
    let outside = Outside::listen().map_err(failed)?;
    let mut screen = Screen::open(out, spare).map_err(failed)?;
    let ended = watch(printer, args, (parallelism, every), &mut screen, outside).await;
    drop(screen);
    ended.map_err(failed)
}

async fn watch(
    printer: &Printer,
    args: &StatusArgs,
    (parallelism, every): (usize, Duration),
    screen: &mut Screen,
    mut outside: Outside,
) -> std::io::Result<Exit> {
    let metered = Metered::default();
    let begin = || -> Reading<'_> {
        Box::pin(async {
            let aside = printer.aside();
            let read = read(&aside, args, parallelism, &metered).await;
            (read, aside.heard())
        })
    };
    let mut known = Known::default();
    let mut keys = EventStream::new();
    let mut reading = Some(begin());
    let mut due = Instant::now();
    loop {
        screen.draw(&page(printer, &known, every, reading.is_some()))?;
        tokio::select! {
            event = keys.next() => {
                // The terminal is gone.
                let Some(event) = event else { return Ok(Exit::Interrupted) };
                if let Some(exit) = pressed(&event?) {
                    return Ok(exit);
                }
            }
            read = under_way(&mut reading) => {
                reading = None;
                known.take(read);
                due = Instant::now() + every;
            }
            () = sleep_until(due), if reading.is_none() => reading = Some(begin()),
            () = outside.ends() => return Ok(Exit::Interrupted),
        }
    }
}

/// What is being read, when it has come; nothing while nothing is.
async fn under_way(reading: &mut Option<Reading<'_>>) -> Read {
    match reading {
        Some(reading) => reading.await,
        None => std::future::pending().await,
    }
}

impl Known {
    /// The last good page stays where a reading fails.
    fn take(&mut self, (read, heard): Read) {
        match read {
            Ok(file) => {
                self.last = Some(file);
                self.problem = None;
                self.warnings = heard;
            }
            Err(_) => self.problem = Some((now(), heard)),
        }
    }
}

fn page(printer: &Printer, known: &Known, every: Duration, is_reading: bool) -> String {
    let (width, height) = Screen::size();
    let problem = known.problem.as_ref();
    let problem = problem.map(|(at, said)| (at.as_str(), said.as_str()));
    let page = WatchedPage {
        last: known.last.as_ref(),
        problem,
        warnings: &known.warnings,
        every: every.as_secs(),
        is_reading,
    };
    // What is cleared after a line that fills the last column is that column.
    let width = usize::from(width.saturating_sub(1).min(WIDEST));
    s3ferry_render::watched_text(&page, printer.style, width, usize::from(height))
}

/// How a key ends it; none where it does not. A new size is drawn by itself.
fn pressed(event: &Event) -> Option<Exit> {
    let Event::Key(key) = event else { return None };
    if key.kind != KeyEventKind::Press {
        return None;
    }
    match key.code {
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => Some(Exit::Done),
        // The terminal makes no signal of it as long as keys are read one by one.
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
            Some(Exit::Interrupted)
        }
        _ => None,
    }
}

/// Somebody who ends the program from outside. Signals are listened for from when this is made, and so before the terminal is taken:
/// one that came before would end the program at once, and leave the terminal as it is then.
struct Outside {
    #[cfg(unix)]
    signals: Vec<tokio::signal::unix::Signal>,
}

impl Outside {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::interrupt(),
        ];
        let signals = kinds.into_iter().map(signal).collect::<Result<_, _>>()?;
        Ok(Self { signals })
    }

    #[cfg(unix)]
    async fn ends(&mut self) {
        let came = self
            .signals
            .iter_mut()
            .map(|signal| Box::pin(signal.recv()));
        futures::future::select_all(came).await;
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn ends(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
