//! Decorators of the ports: each wraps a world and is one.

mod around;
mod faulty;
mod recording;
mod slow;
mod stale;

pub use around::{Around, Call, Layered, Operation};
pub use faulty::{Fault, Faulty};
pub use recording::Recording;
pub use slow::Slow;
pub use stale::Stale;
