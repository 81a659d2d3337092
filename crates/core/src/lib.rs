//! The vocabulary of s3ferry and every decision it takes; pure.
