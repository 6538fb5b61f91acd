package sources

import "time"

// The types below answer queries about a service catalogue. Their fields, and
// the order of them, are those that consul-template shows to templates: a
// template that prints a whole value as JSON or YAML must give the same text.
// They are made for Consul; another store fills in what it knows.

// Health states of an instance, worst last, and the filter word for all.
const (
	HealthAny         = "any"
	HealthPassing     = "passing"
	HealthWarning     = "warning"
	HealthCritical    = "critical"
	HealthMaintenance = "maintenance"
)

// ServiceTags are the sorted tags of a service.
type ServiceTags []string

// HealthServices is the answer to a Service or Connect query, sorted by node
// and then instance ID unless the query asked for nearness.
type HealthServices []*HealthService

// HealthService is one instance of a service with its health.
type HealthService struct {
	Node                   string
	NodeID                 string
	NodeAddress            string
	NodeTaggedAddresses    map[string]string
	NodeMeta               map[string]string
	ServiceMeta            map[string]string
	Address                string // of the service, else of its node
	ServiceTaggedAddresses map[string]ServiceAddress
	ID                     string
	Name                   string
	Tags                   ServiceTags
	Checks                 HealthChecks
	Status                 string // the worst of all checks
	Port                   int
	Weights                Weights
}

// ServiceAddress is one tagged address of a service.
type ServiceAddress struct {
	Address string
	Port    int
}

// Weights are a service's weights in DNS answers.
type Weights struct{ Passing, Warning int }

// HealthChecks are the checks of one instance and of its node.
type HealthChecks []*HealthCheck

// CatalogServices is the answer to a Services query, sorted by name.
type CatalogServices []*CatalogSnippet

// CatalogSnippet is the name of a service with the tags of all its instances.
type CatalogSnippet struct {
	Name string
	Tags ServiceTags
}

// Nodes is the answer to a Nodes query, sorted by name and then address unless
// the query asked for nearness.
type Nodes []*Node

// Node is a member of the cluster.
type Node struct {
	ID              string
	Node            string
	Address         string
	Datacenter      string
	TaggedAddresses map[string]string
	Meta            map[string]string
}

// CatalogNode is the answer to a CatalogNodeOf query. For a node that does not
// exist, Node is nil.
type CatalogNode struct {
	Node     *Node
	Services []*CatalogNodeService // sorted by name and then ID
}

// CatalogNodeService is one service instance of a node.
type CatalogNodeService struct {
	ID                string
	Service           string
	Tags              ServiceTags
	Meta              map[string]string
	Port              int
	Address           string
	EnableTagOverride bool
}

// Partitions is the answer to a PartitionList query.
type Partitions []*Partition

// Partition is an administrative partition.
type Partition struct {
	Name        string
	Description string
}

// Peerings is the answer to a PeeringList query.
type Peerings []*Peering

// Peering is a connection to another cluster.
type Peering struct {
	ID                  string
	Name                string
	Partition           string
	Meta                map[string]string
	PeeringState        string
	PeerID              string
	PeerServerName      string
	PeerServerAddresses []string
	StreamStatus        PeeringStreamStatus
	Remote              PeeringRemote
}

// PeeringStreamStatus is what goes through a peering.
type PeeringStreamStatus struct {
	ImportedServices []string
	ExportedServices []string
	LastHeartbeat    *time.Time
	LastReceive      *time.Time
	LastSend         *time.Time
}

// PeeringRemote is the other side of a peering.
type PeeringRemote struct {
	Partition  string
	Datacenter string
}

// ExportedServices is the answer to an ExportedServiceList query.
type ExportedServices []*ExportedService

// ExportedService is a service that others may use.
type ExportedService struct {
	Service   string
	Partition string
	Namespace string
	Consumers ServiceConsumers
}

// ServiceConsumers are those who may use an exported service.
type ServiceConsumers struct {
	Peers      []string
	Partitions []string
}

// ImportedServices is the answer to an ImportedServiceList query.
type ImportedServices []*ImportedService

// ImportedService is a service of another partition or peer.
type ImportedService struct {
	Service         string
	Namespace       string
	SourcePartition string
}

// CARoots is the answer to a CARootList query.
type CARoots []*CARoot

// CARoot is a root certificate that the mesh trusts.
type CARoot struct {
	ID          string
	Name        string
	RootCertPEM string `json:"RootCert"`
	Active      bool
	CreateIndex uint64
	ModifyIndex uint64
}

// Certificate is the answer to a PKICertificate query.
type Certificate struct {
	Cert, Key, CA string // PEM
	CAChain       []string
}

// LeafCertificate is the answer to a CALeaf query.
type LeafCertificate struct {
	SerialNumber  string
	CertPEM       string `json:",omitempty"`
	PrivateKeyPEM string `json:",omitempty"`
	Service       string
	ServiceURI    string
	ValidAfter    time.Time
	ValidBefore   time.Time
	CreateIndex   uint64
	ModifyIndex   uint64
}
