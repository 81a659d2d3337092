//! The fuzzer of answers that hold a replication configuration; what must hold is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| s3ferry_fuzz::xml(data));
