//! Plans and run events drawn as text and Markdown; pure.
