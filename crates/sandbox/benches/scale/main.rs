//! What a migration costs the sandbox as more and more of them are there: `cargo bench -p s3ferry-sandbox --bench scale`.
//!
//! The sandbox runs on a thread of its own, whose CPU time the kernel counts (`schedstat` of Linux); the client
//! waits for each answer on another. A line is the mean of the last fifty migrations of its size, each about eighty
//! calls: a plan, the writes of an apply read back, a canary, a second plan. The roles of all migrations are listed
//! once a line, too. The ratio at the end compares the last line with the first; it should stay near 1.
//!
//! Sizes can be given: `cargo bench -p s3ferry-sandbox --bench scale -- 200 2000 8000`.

#![expect(clippy::print_stdout, reason = "its table is what a benchmark is for")]

#[path = "../shared/client.rs"]
mod client;
mod migration;
#[path = "../shared/running.rs"]
mod running;

use std::io;
use std::time::Instant;

use migration::{DESTINATION, Migration, Pair, SOURCE, list_roles, source_bucket};
use running::{Running, resident_mb};

/// How many migrations are measured at each size.
const MEASURED: usize = 50;

/// How many migrations are there at each line, unless the command says otherwise.
const SIZES: [usize; 4] = [200, 500, 1000, 2000];

fn main() -> io::Result<()> {
    let sizes = sizes();
    let most = sizes.iter().max().copied().unwrap_or(0);
    let running = Running::start(seed(most))?;
    let mut pair = pair(&running)?;
    println!("migrations   CPU ms a migration   wall ms   CPU us a listed role   resident MB");
    let (mut made, mut costs) = (0, Vec::new());
    for size in sizes {
        make(&mut pair, made..size.saturating_sub(MEASURED).max(made))?;
        let first = size.saturating_sub(MEASURED).max(made);
        let count = (size - first).max(1) as f64;
        let (wall, cpu) = (Instant::now(), running.cpu_ms()?);
        make(&mut pair, first..size)?;
        let cost = (running.cpu_ms()? - cpu) / count;
        let wall = wall.elapsed().as_secs_f64() * 1e3 / count;
        let cpu = running.cpu_ms()?;
        let roles = list_roles(&mut pair.source)?;
        let listed = (running.cpu_ms()? - cpu) * 1e3 / roles.max(1) as f64;
        let memory = resident_mb()?;
        println!("{size:>10} {cost:>20.2} {wall:>9.2} {listed:>22.1} {memory:>13.0}");
        made = size;
        costs.push(cost);
    }
    if let [first, .., last] = costs[..] {
        println!("the last over the first: {:.2}", last / first);
    }
    Ok(())
}

fn make(pair: &mut Pair, numbers: std::ops::Range<usize>) -> io::Result<()> {
    for number in numbers {
        Migration::new(number).apply(pair)?;
    }
    Ok(())
}

/// Reads the sizes, in rising order. Tests run every benchmark, too, without `--bench`: then it is short.
fn sizes() -> Vec<usize> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if !words.iter().any(|word| word == "--bench") {
        return vec![1, 2];
    }
    let mut sizes: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = SIZES.into();
    }
    sizes.sort_unstable();
    sizes
}

fn pair(running: &Running) -> io::Result<Pair> {
    Ok(Pair {
        source: running.client(SOURCE, "eu-west-1")?,
        destination: running.client(DESTINATION, "eu-central-1")?,
    })
}

/// Returns a seed with the source buckets of so many migrations.
fn seed(migrations: usize) -> serde_json::Value {
    let bucket = |number| {
        serde_json::json!({
            "name": source_bucket(number), "account": SOURCE, "region": "eu-west-1",
        })
    };
    let buckets: Vec<_> = (0..migrations).map(bucket).collect();
    serde_json::json!({ "buckets": buckets })
}
