// Package cluster is what the instances of a fleet tell each other through a
// store: who is there, what each one runs, and who may change next.
//
// The contract [Store] has a handful of words that etcd and Consul can both
// keep: read a prefix, watch it, commit some writes if some conditions hold, and
// own keys that vanish with their owner. Everything above it is made of these.
//
// The packages below it: etcd and consul keep the contract, storetest proves
// that they do, lease keeps their sessions alive, pace is how all of them wait
// for a store that is away, member says who is there, election who leads,
// rollout changes a fleet a few at a time.
package cluster
