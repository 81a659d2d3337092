//! A world in memory.

mod granted;
mod memory;
mod objects;
mod receipts;

pub use granted::granted;
pub use memory::MemoryWorld;
pub use objects::Fate;
pub use receipts::MemoryReceipts;
