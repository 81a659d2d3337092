//! A world in memory.

mod memory;
mod objects;
mod receipts;

pub use memory::MemoryWorld;
pub use objects::Fate;
pub use receipts::MemoryReceipts;
