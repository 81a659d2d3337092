//! What events of a run and files of other versions are in words. Pure; the printer decides what is shown.

use std::time::Duration;

use s3ferry_core::format::reading::{Newer, ReadError};
use s3ferry_engine::RunEvent;
use s3ferry_engine::events::{CanaryProgress, JobProgress, LeftVersion};
use s3ferry_engine::outcome::How;
use s3ferry_engine::problem::Problem;
use s3ferry_render::{duration, plural};

use crate::chain::chain;

/// A piece of text, by how it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// A step ended; shown with the count of steps.
    End(String),
    /// A line of progress.
    Line(String),
    /// For `--verbose`.
    Detail(String),
    /// Always shown.
    Message(String),
    /// Always shown, as a warning.
    Warning(String),
    /// Always shown, as an error with what can be done about it.
    Error(String, Option<String>),
}

use Told::{Detail, End, Error, Line, Message, Warning};

/// The words for an event.
pub(crate) fn told(event: &RunEvent) -> Vec<Told> {
    let one = match event {
        RunEvent::Started { steps } => Line(format!("Applying {}.", plural(*steps, "step"))),
        RunEvent::StepStarted { .. } | RunEvent::Finished { .. } => return Vec::new(),
        RunEvent::Agreeing {
            steps,
            agree_ms,
            wait_ms,
        } => Line(format!(
            "Reading once more in {}, until {} of equal answers: {} on what others may write, too.",
            seconds(*wait_ms),
            seconds(*agree_ms),
            waiting(*steps)
        )),
        RunEvent::Merged { step, target } => Line(format!(
            "{step}: another spec wrote {target} at the same time; its part is kept, and ours goes beside it"
        )),
        RunEvent::Canary { step, progress } => return canary(step, progress),
        RunEvent::Job { step, progress } => Line(job(step, progress)),
        RunEvent::Done { step, how } => End(format!("{step}: {}", how_done(*how))),
        RunEvent::Skipped { step, because } => {
            End(format!("{step}: skipped, because of {because}"))
        }
        RunEvent::Waiting {
            step,
            what,
            waited_ms,
            may_have_written: _, // What lies where is said at the end.
        } => End(format!(
            "{step}: still waiting for {what} after {}",
            duration(waited_ms / 1_000)
        )),
        RunEvent::Interrupted {
            step,
            may_have_written,
        } => {
            let may = if *may_have_written {
                "may have been"
            } else {
                "was not"
            };
            End(format!("{step}: stopped; it {may} written"))
        }
        RunEvent::Stopping {
            running,
            not_started,
        } => Message(stopping(*running, *not_started)),
        RunEvent::Failed {
            step,
            may_have_written,
            problem,
        } => failed(step, *may_have_written, problem),
        RunEvent::Stale {
            step,
            target,
            after_write,
            ..
        } => stale(step, target, *after_write),
        RunEvent::Writing { .. }
        | RunEvent::Glimpsed { .. }
        | RunEvent::Retrying { .. }
        | RunEvent::Doubted { .. }
        | RunEvent::Settled { .. } => Detail(detail(event)),
    };
    vec![one]
}

/// How far a job is.
fn job(step: &str, progress: &JobProgress) -> String {
    match progress {
        JobProgress::Found { job } => format!("{step}: job {job} is there, made by an earlier run"),
        JobProgress::Made { job } => format!("{step}: job {job} is made"),
        JobProgress::Confirmed { job, tasks } => {
            format!(
                "{step}: job {job} is confirmed, with {}",
                plural(*tasks, "object")
            )
        }
        JobProgress::AtWork {
            job,
            status,
            tasks: 0,
            ..
        } => format!("{step}: job {job} is {status}"),
        JobProgress::AtWork {
            job,
            status,
            tasks,
            succeeded,
            failed,
            a_second,
            left_s,
        } => {
            let rate = a_second.map(|rate| format!(", {rate} a second"));
            let left = left_s.map(|left| format!(", {} left", duration(left)));
            format!(
                "{step}: job {job} is {status}: {} of {}, {failed} failed{}{}",
                succeeded + failed,
                plural(*tasks, "object"),
                rate.unwrap_or_default(),
                left.unwrap_or_default()
            )
        }
    }
}

/// Seconds, to a tenth.
fn seconds(millis: u64) -> String {
    let tenths = millis.div_ceil(100);
    match tenths % 10 {
        0 => format!("{} s", tenths / 10),
        rest => format!("{}.{rest} s", tenths / 10),
    }
}

/// Steps that run send no more writes, and read back those that they sent; none runs while reads must agree first.
fn stopping(running: u64, not_started: u64) -> String {
    let open = format!("{} will not start", plural(not_started, "step"));
    match running {
        0 => format!("Stopping: nothing is under way, {open}."),
        1 => format!("Stopping: 1 step under way will finish what it has sent, {open}."),
        _ => format!(
            "Stopping: {} under way will finish what they have sent, {open}.",
            plural(running, "step")
        ),
    }
}

fn waiting(steps: u64) -> String {
    match steps {
        1 => "1 step waits".to_owned(),
        more => format!("{more} steps wait"),
    }
}

/// What only `--verbose` shows of a write.
fn detail(event: &RunEvent) -> String {
    match event {
        RunEvent::Writing {
            step,
            attempt,
            wanted: _,
            before: _,
        } => format!("{step}: writing (attempt {attempt})"),
        RunEvent::Retrying {
            step,
            attempt,
            wait_ms,
            problem,
        } => format!(
            "{step}: attempt {attempt} failed, again in {wait_ms} ms: {}",
            problem.message
        ),
        RunEvent::Glimpsed { step, document } => {
            format!("{step}: a read answered what somebody else wrote, kept as {document}")
        }
        RunEvent::Doubted { step, target } => {
            format!("{step}: {target} is not as planned yet, reading again")
        }
        RunEvent::Settled {
            step,
            reads,
            took_ms,
            holds: _,
            left: _,
        } => {
            let reads = plural(u64::from(*reads), "read");
            format!("{step}: read back after {took_ms} ms ({reads})")
        }
        _ => String::new(),
    }
}

fn failed(step: &str, may_have_written: bool, problem: &Problem) -> Told {
    let written = if may_have_written {
        " (something may have been written)"
    } else {
        ""
    };
    Error(
        format!("{step}: {}{written}", problem.message),
        problem.hint.clone(),
    )
}

fn stale(step: &str, target: &str, after_write: bool) -> Told {
    let when = if after_write {
        "after it was written"
    } else {
        "since the plan was made"
    };
    let text =
        format!("{step}: {target} was changed by somebody else {when}; it was not written over");
    Error(text, Some("plan again and review what they did".to_owned()))
}

fn canary(step: &str, progress: &CanaryProgress) -> Vec<Told> {
    let one = match progress {
        CanaryProgress::Resumed { version } => Detail(format!(
            "{step}: goes on with the canary {version} of an earlier run"
        )),
        CanaryProgress::Put { version, attempt } => Detail(format!(
            "{step}: canary {attempt} written, version {version}"
        )),
        CanaryProgress::Pending { version } => Detail(format!("{step}: {version} is PENDING")),
        CanaryProgress::Abandoned { version, why } => {
            Detail(format!("{step}: {version} given up: {why}"))
        }
        CanaryProgress::Arrived { version, took_ms } => {
            let seconds = Duration::from_millis(*took_ms).as_secs_f64();
            Line(format!(
                "{step}: the replica {version} arrived after {seconds:.1} s"
            ))
        }
        CanaryProgress::Listening { alarm, is } => Detail(format!(
            "{step}: failed as it was to; waiting for alarm {alarm}, which is {is}"
        )),
        CanaryProgress::Removed { versions, left } => {
            let removed = format!("{step}: {} removed", plural(*versions, "canary version"));
            let left = left.iter().map(|version| Warning(stays(step, version)));
            return std::iter::once(Detail(removed)).chain(left).collect();
        }
    };
    vec![one]
}

fn stays(step: &str, left: &LeftVersion) -> String {
    let LeftVersion {
        bucket,
        key,
        version,
        why,
    } = left;
    if version.is_empty() {
        return format!(
            "{step}: versions of {bucket}/{key} could not be listed, and canaries among them stay: {why}"
        );
    }
    format!("{step}: {bucket}/{key} {version} stays: {why}")
}

const fn how_done(how: How) -> &'static str {
    match how {
        How::Already => "already as wanted",
        How::Written => "written and read back",
        How::Proven => "proven",
        How::Removed => "removed",
    }
}

/// That keys of a newer version are ignored, where there are any.
pub(crate) fn ignored_keys(what: &str, newer: &Newer) -> Option<String> {
    /// More would hide what is said before them.
    const SHOWN: usize = 10;
    let Newer {
        format,
        s3ferry,
        ignored,
    } = newer;
    let mut keys: Vec<&str> = ignored.iter().take(SHOWN).map(String::as_str).collect();
    let more = (ignored.len() > SHOWN).then(|| format!("and {} more", ignored.len() - SHOWN));
    keys.extend(more.as_deref());
    (!keys.is_empty()).then(|| {
        format!(
            "{what} is format {format}, written by s3ferry {s3ferry}; keys that this version does not know are ignored: {}",
            keys.join(", ")
        )
    })
}

/// Why a plan cannot be read.
pub(crate) fn unreadable_plan(error: &ReadError) -> String {
    match error {
        ReadError::Shape(why) => format!("this is not an s3ferry plan: {why}"),
        ReadError::Version { .. } | ReadError::UnknownKeys { .. } | ReadError::Newer { .. } => {
            chain(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_newer_version_are_named_up_to_ten() {
        let newer = |count: usize| Newer {
            format: "1.1".to_owned(),
            s3ferry: "0.2.0".to_owned(),
            ignored: (0..count).map(|key| format!("k{key:02}")).collect(),
        };
        assert_eq!(ignored_keys("this plan", &newer(0)), None);
        assert_eq!(
            ignored_keys("this plan", &newer(2)).unwrap(),
            "this plan is format 1.1, written by s3ferry 0.2.0; keys that this version does not know are ignored: k00, k01"
        );
        let many = ignored_keys("this plan", &newer(12)).unwrap();
        assert!(many.ends_with("k09, and 2 more"), "{many}");
    }

    #[test]
    fn a_stop_while_nothing_is_under_way_says_so() {
        assert_eq!(
            stopping(0, 2),
            "Stopping: nothing is under way, 2 steps will not start."
        );
        assert_eq!(
            stopping(1, 1),
            "Stopping: 1 step under way will finish what it has sent, 1 step will not start."
        );
    }

    #[test]
    fn what_stays_of_a_canary_is_a_warning_each() {
        let left = LeftVersion {
            bucket: "b".to_owned(),
            key: "k".to_owned(),
            version: "v".to_owned(),
            why: "locked".to_owned(),
        };
        let progress = CanaryProgress::Removed {
            versions: 2,
            left: vec![left],
        };
        let step = "orders/canary/hot".to_owned();
        assert_eq!(
            told(&RunEvent::Canary { step, progress }),
            [
                Detail("orders/canary/hot: 2 canary versions removed".to_owned()),
                Warning("orders/canary/hot: b/k v stays: locked".to_owned()),
            ]
        );
    }

    #[test]
    fn a_list_that_was_refused_names_no_version() {
        let left = LeftVersion {
            bucket: "b".to_owned(),
            key: "k".to_owned(),
            version: String::new(),
            why: "AccessDenied".to_owned(),
        };
        assert_eq!(
            stays("s", &left),
            "s: versions of b/k could not be listed, and canaries among them stay: AccessDenied"
        );
    }

    #[test]
    fn a_stale_step_says_that_nothing_was_written_over() {
        let event = RunEvent::Stale {
            step: "s".to_owned(),
            target: "t".to_owned(),
            expected: String::new(),
            found: String::new(),
            after_write: false,
        };
        let told = told(&event);
        let ending = "since the plan was made; it was not written over";
        assert!(
            matches!(told.as_slice(), [Error(text, Some(_))] if text.ends_with(ending)),
            "{told:?}"
        );
    }
}
