// Package file serves a directory tree, or one YAML or JSON document, as a
// key-value store that needs no server, and the single local files that
// templates read.
//
// # Keys
//
// In a directory every regular file is a key: its path below the root, with
// slashes. Its value is its content without one trailing newline, because
// editors add one. Names that begin with a dot or end in a tilde are not keys:
// they belong to editors, version control and Kubernetes. Symbolic links are
// followed, also out of the tree. A document is flattened: nested mappings are
// joined with slashes, list items are named by their index, scalars are the
// text as written, null is the empty string. Empty mappings and lists hold no
// key.
//
// # Revisions
//
// One look at the disk is one revision, and everything it found changed is one
// [sources.Update]. Changes are awaited for 10 ms of quiet (50 ms at most), so
// that an edit of several files is one change; a Kubernetes volume, which
// swaps its "..data" link, is never seen half old and half new. A document
// that cannot be parsed, or a root that is missing, is an outage: the last
// good answers stay. A file system has no transactions beyond that.
//
// ModifyIndex is a 53-bit digest of the value, because tools that read JSON
// numbers as floating point keep no more. It is the same on every host and
// after every restart, and writing the same value again changes nothing.
//
// # Notifications
//
// Directories are watched with the kernel's notifications, and read again
// every Rescan because notifications can be lost (network file systems have
// none). When the kernel's watches are exhausted, the tree is polled instead.
// Nothing is watched or read while no query is wanted.
package file
