//! How long it takes to read 1,000 migrations: the figure behind `s3ferry validate` on every commit.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::time::{Duration, Instant};

use s3ferry_spec::{SourceFile, read};

const MIGRATIONS: usize = 1000;
const RUNS: usize = 20;

const ACCOUNTS: &str = "version: 1
accounts:
  prod: { id: \"111111111111\", region: eu-west-1, profile: prod }
  archive: { id: \"222222222222\", region: eu-central-1, profile: archive }
";

fn migration(number: usize) -> String {
    format!(
        "  team-{number}:
    phase: replicate
    source: {{ account: prod, bucket: team-{number}-prod }}
    destination:
      account: archive
      bucket: team-{number}-archive
      create: true                   # versioned, encrypted, public access blocked
      encryption: sse-s3
    rules:
      - id: hot
        prefix: hot/
        delete_markers: mirror
        storage_class: STANDARD_IA
      - id: tagged
        tags: {{ class: cold, team: \"{number}\" }}
        delete_markers: keep
    owner: destination
    canary: {{ name: .s3ferry-canary }}
    guards: {{ max_deletes: 0 }}
"
    )
}

fn one_file() -> Vec<SourceFile> {
    let migrations: String = (0..MIGRATIONS).map(migration).collect();
    vec![file(
        "spec.yaml",
        format!("{ACCOUNTS}migrations:\n{migrations}"),
    )]
}

fn many_files() -> Vec<SourceFile> {
    let migrations = (0..MIGRATIONS).map(|number| {
        file(
            &format!("team-{number}.yaml"),
            format!("version: 1\nmigrations:\n{}", migration(number)),
        )
    });
    std::iter::once(file("accounts.yaml", ACCOUNTS.to_owned()))
        .chain(migrations)
        .collect()
}

/// The same number of migrations, each with a mistake, so that diagnostics are paid for as well.
fn broken() -> Vec<SourceFile> {
    let mut files = one_file();
    for file in &mut files {
        let text = String::from_utf8_lossy(&file.bytes)
            .replace("delete_markers: keep", "delete_marker: keep");
        file.bytes = text.into_bytes();
    }
    files
}

fn file(path: &str, text: String) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        bytes: text.into_bytes(),
    }
}

/// Time on a processor where Linux tells it, because the target is CPU time and other work delays a wall clock.
enum Clock {
    Processor(Duration),
    Wall(Instant),
}

impl Clock {
    fn start() -> Self {
        Self::processor().map_or_else(|| Self::Wall(Instant::now()), Self::Processor)
    }

    fn processor() -> Option<Duration> {
        let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
        text.split_whitespace()
            .next()?
            .parse()
            .ok()
            .map(Duration::from_nanos)
    }

    fn elapsed(&self) -> Duration {
        match self {
            Self::Processor(start) => Self::processor().unwrap_or_default().saturating_sub(*start),
            Self::Wall(start) => start.elapsed(),
        }
    }
}

fn measure(name: &str, files: &[SourceFile]) {
    let size: usize = files.iter().map(|file| file.bytes.len()).sum();
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Clock::start();
            std::hint::black_box(read(std::hint::black_box(files)));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let reading = read(files);
    println!(
        "{name}: {MIGRATIONS} migrations, {} kB, {} diagnostics: best {:.1} ms, median {:.1} ms, worst {:.1} ms",
        size / 1000,
        reading.diagnostics.len(),
        milliseconds(times[0]),
        milliseconds(times[RUNS / 2]),
        milliseconds(times[RUNS - 1]),
    );
}

fn main() {
    measure("one file", &one_file());
    measure("a file each", &many_files());
    measure("a mistake each", &broken());
}
