package sources

import (
	"strings"
	"unique"
)

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
	// SecretWrite writes Params to a secret path and answers with what the
	// store said. Data is a *[SecretData], nil if it said nothing.
	SecretWrite
	// PKICertificate asks for a certificate issued at Path with Params. One
	// that is still good is taken from the file ParamFile names. Data is a
	// *[Certificate].
	PKICertificate

	// Service asks for the instances of the service named Path, with their
	// health. Data is a [HealthServices].
	Service
	// Connect asks the same for endpoints of the service mesh.
	Connect
	// ServiceList asks for the names of all services. Data is a
	// [CatalogServices].
	ServiceList
	// NodeOf asks for one node and its services; an empty Path is the node of
	// the agent that is asked. Data is a *[CatalogNode].
	NodeOf
	// NodeList asks for all nodes. Data is a [Nodes].
	NodeList
	// DatacenterList asks for the names of all data centres. Data is a [Names].
	DatacenterList
	// PartitionList asks for all partitions. Data is a [Partitions].
	PartitionList
	// PeeringList asks for the peerings. Data is a [Peerings].
	PeeringList
	// ExportedServiceList asks for what Partition exports. Data is an
	// [ExportedServices].
	ExportedServiceList
	// ImportedServiceList asks for what Partition imports. Data is an
	// [ImportedServices].
	ImportedServiceList
	// CARootList asks for the roots of the service mesh. Data is a [CARoots].
	CARootList
	// CALeaf asks for the certificate of the service named Path. Data is a
	// *[LeafCertificate].
	CALeaf
)

// Names of parameters in [Options.Params] that are understood by kind.
const (
	ParamTag           = "tag"            // Service, Connect: only instances with this tag
	ParamNear          = "near"           // Service, Connect, NodeList: sorted by nearness to this node, or "_agent"
	ParamFilter        = "filter"         // Service, Connect: comma-separated health states, sorted; empty means passing
	ParamPeer          = "peer"           // Service: of this peer
	ParamSamenessGroup = "sameness-group" // Service: of this group
	ParamReachable     = "reachable"      // DatacenterList: "true" leaves out those that do not answer
	ParamFile          = "concierge.file" // PKICertificate: file that may hold a certificate that is still good
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
	case SecretWrite:
		return "secret write"
	case PKICertificate:
		return "pkiCert"
	case Service:
		return "service"
	case Connect:
		return "connect"
	case ServiceList:
		return "services"
	case NodeOf:
		return "node"
	case NodeList:
		return "nodes"
	case DatacenterList:
		return "datacenters"
	case PartitionList:
		return "partitions"
	case PeeringList:
		return "peerings"
	case ExportedServiceList:
		return "exportedServices"
	case ImportedServiceList:
		return "importedServices"
	case CARootList:
		return "caRoots"
	case CALeaf:
		return "caLeaf"
	}
	return "query"
}

// secretParams reports whether Params may hold what must not be shown.
func (k Kind) secretParams() bool { return k == SecretWrite || k == PKICertificate }

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

	// Options come from [Options.Handle]; most queries have none.
	Options unique.Handle[Options]
}

// Options are what a store understands besides the path. An empty one means
// the source's own default. Few queries have any, so a [Query], of which there
// are thousands in many maps, has them by a handle.
type Options struct {
	Datacenter string // Consul: @dc
	Namespace  string // Consul: ?ns=
	Partition  string // Consul: ?partition=
	// Params are further request parameters in canonical (sorted,
	// URL-encoded) form, for example "version=3" of a Vault read. Those of a
	// SecretWrite or PKICertificate may be secret and are never shown.
	Params string
}

// Handle returns the handle of the options, the zero one if there are none.
func (o Options) Handle() unique.Handle[Options] {
	if o == (Options{}) {
		return unique.Handle[Options]{}
	}
	return unique.Make(o)
}

// Opts returns the query's options.
func (q Query) Opts() Options {
	if q.Options == (unique.Handle[Options]{}) {
		return Options{}
	}
	return q.Options.Value()
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
	opts := q.Opts()
	params := opts.Params
	if params != "" && q.Kind.secretParams() {
		params = "..."
	}
	for _, o := range [...]struct{ name, value string }{
		{"ns=", opts.Namespace}, {"partition=", opts.Partition}, {"", params},
	} {
		if o.value == "" {
			continue
		}
		b.WriteByte(sep)
		b.WriteString(o.name)
		b.WriteString(o.value)
		sep = '&'
	}
	if opts.Datacenter != "" {
		b.WriteByte('@')
		b.WriteString(opts.Datacenter)
	}
	return b.String()
}
