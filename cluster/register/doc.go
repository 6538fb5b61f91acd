// Package register announces an instance as a service that others find: in the
// catalogue of Consul ([Catalog]), or as a record in the store of the cluster
// ([Record]), which the source etcd shows to templates as it does a catalogue.
//
// Neither believes that it is registered because it once was. Both compare what
// the other side says with what it should say, and write it anew when it does
// not: after a loss, a restart of the other side, a token that has changed.
//
// docs/discovery.md has the record's format and what happens on which failure.
package register
