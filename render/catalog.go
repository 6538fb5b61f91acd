package render

import (
	"strconv"

	"concierge/render/funcs"
	"concierge/sources"
)

func catalogFunctions() []bound {
	const group = "Services and nodes"
	return []bound{
		listing[sources.HealthServices](doc(group, "service", "name [health]", "The instances of a service, written as tag.name?parameters@datacenter~near|health with all but the name optional. The health states are passing (the default), warning, critical, maintenance and any.",
			`{{ range service "web" }}server {{ .Address }}:{{ .Port }}{{ end }}`), serviceAsked(sources.Service)),
		listing[sources.HealthServices](doc(group, "connect", "name [health]", "As service, for the endpoints that take part in the service mesh.",
			`{{ range connect "web" }}server {{ .Address }}:{{ .Port }}{{ end }}`), serviceAsked(sources.Connect)),
		listing[sources.CatalogServices](doc(group, "services", "[options]", "The names of all services, each with Name and Tags. The options are ?ns=…&partition=…@datacenter.",
			`{{ range services }}{{ .Name }}: {{ .Tags | join "," }}{{ end }}`), joinedAsked(sources.ServiceList)),
		{doc(group, "node", "[name]", "A node with its Services, or the agent's own one. Node is nothing if there is no such node.",
			`{{ with node }}{{ .Node.Address }}{{ end }}`), joinedAsked(sources.NodeOf), 0, func(t *Template) any { return t.node }},
		listing[sources.Nodes](doc(group, "nodes", "[options]", "All nodes, sorted by name and address unless the options ?ns=…&partition=…@datacenter~near ask for nearness.",
			`{{ range nodes }}{{ .Address }} {{ .Node }}{{ end }}`), joinedAsked(sources.NodeList)),
		{doc(group, "datacenters", "[reachable]", "The sorted names of all data centres; with true, of those that answer.",
			`{{ range datacenters }}{{ . }}{{ end }}`), datacentersAsked, 0, func(t *Template) any { return t.datacenters }},
		listing[sources.Partitions](doc(group, "partitions", "", "The administrative partitions of Consul Enterprise, each with Name and Description.",
			`{{ range partitions }}{{ .Name }}{{ end }}`), optionalAsked(sources.PartitionList, 0)),
		listing[sources.Peerings](doc(group, "peerings", "[options]", "The connections to other clusters. The option is ?partition=….",
			`{{ range peerings }}{{ .Name }} {{ .PeeringState }}{{ end }}`), joinedAsked(sources.PeeringList)),
		values[sources.ExportedServices](doc(group, "exportedServices", "[partition]", "The services that others may use, each with Service, Partition, Namespace and Consumers.",
			`{{ range exportedServices }}{{ .Service }} {{ .Consumers.Peers }}{{ end }}`), optionalAsked(sources.ExportedServiceList, 1)),
		values[sources.ImportedServices](doc(group, "importedServices", "partition", "The services that a partition uses of others, each with Service, Namespace and SourcePartition.",
			`{{ range importedServices "default" }}{{ .Service }}{{ end }}`), optionalAsked(sources.ImportedServiceList, 1)),
		{doc(group, "caRoots", "", "The root certificates of the service mesh.",
			`{{ range caRoots }}{{ .RootCertPEM }}{{ end }}`), rootsAsked, 0, func(t *Template) any { return t.caRoots }},
		{doc(group, "caLeaf", "service", "The mesh certificate of a service with CertPEM and PrivateKeyPEM, renewed by the local agent.",
			`{{ with caLeaf "web" }}{{ .CertPEM }}{{ .PrivateKeyPEM }}{{ end }}`), leafAsked, 0, func(t *Template) any { return t.caLeaf }},
	}
}

// listing is a function that lists what a store answers. The list is empty
// but never nil, which JSON shows.
func listing[S ~[]E, E any](f funcs.Func, ask asker) bound {
	return bound{f, ask, 0, func(t *Template) any {
		return func(offset int, args ...string) (S, error) {
			v, _, err := t.fetch(ask, offset, args)
			if list, _ := v.Data.(S); list != nil {
				return list, err
			}
			return S{}, err
		}
	}}
}

// values is as listing, with values where the answer has pointers: where
// consul-template has them, templates that print a list whole can tell.
func values[S ~[]*E, E any](f funcs.Func, ask asker) bound {
	return bound{f, ask, 0, func(t *Template) any {
		return func(offset int, args ...string) ([]E, error) {
			v, _, err := t.fetch(ask, offset, args)
			answer, _ := v.Data.(S)
			list := make([]E, len(answer))
			for i, e := range answer {
				list[i] = *e
			}
			return list, err
		}
	}}
}

// fetch asks for what a call names. ok is false if it names nothing or there
// is no answer yet.
func (t *Template) fetch(ask asker, offset int, args []string) (v sources.Value, ok bool, err error) {
	q, err := ask(&t.options, args)
	if err != nil || q.Kind == 0 {
		return sources.Value{}, false, err
	}
	v, ok = t.run.ask(q, offset)
	return v, ok, nil
}

func (t *Template) node(offset int, args ...string) (*sources.CatalogNode, error) {
	v, ok, err := t.fetch(joinedAsked(sources.NodeOf), offset, args)
	if err != nil || !ok {
		return nil, err
	}
	if node, _ := v.Data.(*sources.CatalogNode); node != nil {
		return node, nil
	}
	return new(sources.CatalogNode), nil
}

func (t *Template) datacenters(offset int, reachable ...bool) ([]string, error) {
	args := make([]string, len(reachable))
	for i, r := range reachable {
		args[i] = strconv.FormatBool(r)
	}
	v, _, err := t.fetch(datacentersAsked, offset, args)
	names, _ := v.Data.(sources.Names)
	return append([]string{}, names...), err
}

func (t *Template) caRoots(offset int, args ...string) (sources.CARoots, error) {
	v, _, err := t.fetch(rootsAsked, offset, args)
	roots, _ := v.Data.(sources.CARoots)
	return roots, err
}

func (t *Template) caLeaf(offset int, args ...string) (any, error) {
	q, err := leafAsked(&t.options, args)
	if err != nil || q.Kind == 0 {
		return nil, err
	}
	v, ok := t.run.ask(q, offset)
	leaf, _ := v.Data.(*sources.LeafCertificate)
	switch {
	case !ok:
		return nil, nil
	case leaf == nil:
		t.run.lack(q, offset, true)
		return nil, nil
	}
	return leaf, nil
}
