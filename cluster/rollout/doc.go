// Package rollout changes a fleet a few instances at a time, canary first, and
// takes the change back everywhere when it does harm.
//
// Everything that is decided is decided by pure functions over a [View], what
// the store said at one moment: [Target] is what an instance should run,
// [Acquire] and [Finish] take and give back the right to change, [Next] is the
// leader's next move, and the operator's moves ([Pause], [Abort] and the others)
// are functions too. Each returns a [cluster.Txn] that the store does only if
// what was read still holds; so a late or a stopped process cannot do harm, it
// can only be refused. [Seat] and [Leader] run these functions on a real store.
//
// docs/rollouts.md has the states, the invariants and what happens on which
// failure; the explorer in the tests visits every state of a small fleet.
package rollout
