//! The s3ferry command line.

fn main() {}
