//! The fuzzer of pages of listings; what must hold is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| s3ferry_fuzz::listing(data));
