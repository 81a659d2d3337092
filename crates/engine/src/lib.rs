//! Ports, observation, execution, settling, events, journal and ledger; knows no AWS.
