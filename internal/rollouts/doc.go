// Package rollouts proves with many real instances on a real etcd cluster and
// a real Consul what concierge promises about rollouts: never more instances in
// change than allowed, a bad release that stops at its canary, and a fleet that
// comes to where it should be whatever dies, stops or is cut off.
//
// It sees the binary from outside: by the files that it renames, by its log,
// and by the slots in the store. Its short form is part of the tests; the long
// one (make rollouts) writes its figures into docs/rollouts.md.
package rollouts
