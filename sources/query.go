package sources

import "strings"

// Kind says what a [Query] asks for. The kind decides the dynamic type of the
// answering [Value.Data].
type Kind uint8

const (
	// Key asks for one key. Data is a [KeyPair].
	Key Kind = iota + 1
	// Tree asks for every key that starts with Path, as a plain string prefix
	// (so "app" also covers "apple"). Data is a [Pairs].
	Tree
	// File asks for the contents of one local file. Data is a [KeyPair].
	File
	// Secret asks for one secret. Data is a *[SecretData].
	Secret
	// SecretList asks for the names below a secret path. Data is a [Names].
	SecretList
)

// String returns the kind as it is shown in logs and errors.
func (k Kind) String() string {
	switch k {
	case Key:
		return "key"
	case Tree:
		return "tree"
	case File:
		return "file"
	case Secret:
		return "secret"
	case SecretList:
		return "secrets"
	}
	return "query"
}

// Query is the identity of a thing a template asked for. It is comparable and
// is used as a map key; two queries that are equal share one answer.
type Query struct {
	// Source is the configured name of the source: "consul", "etcd", "file",
	// "vault", or "local" for files of this machine.
	Source string
	Kind   Kind
	// Path is the key, prefix or secret path without a leading slash
	// (for File: the path as given).
	Path string

	// Options that a store understands; empty means the source's own default.
	Datacenter string // Consul: @dc
	Namespace  string // Consul: ?ns=
	Partition  string // Consul: ?partition=
	// Params are further request parameters in canonical (sorted,
	// URL-encoded) form, for example "version=3" of a Vault read.
	Params string
}

// String shows the query for people, for example "key consul:app/port@dc2".
// It is never used as an identity.
func (q Query) String() string {
	var b strings.Builder
	b.WriteString(q.Kind.String())
	b.WriteByte(' ')
	b.WriteString(q.Source)
	b.WriteByte(':')
	b.WriteString(q.Path)
	sep := byte('?')
	for _, o := range [...]struct{ name, value string }{
		{"ns=", q.Namespace}, {"partition=", q.Partition}, {"", q.Params},
	} {
		if o.value == "" {
			continue
		}
		b.WriteByte(sep)
		b.WriteString(o.name)
		b.WriteString(o.value)
		sep = '&'
	}
	if q.Datacenter != "" {
		b.WriteByte('@')
		b.WriteString(q.Datacenter)
	}
	return b.String()
}
