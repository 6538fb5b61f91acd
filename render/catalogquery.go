package render

import (
	"errors"
	"fmt"
	"strings"

	"concierge/sources"
)

const (
	serviceGrammar = "write TAG.NAME?PARAMETERS@DATACENTER~NEAR|HEALTH,HEALTH with all but the name optional; the parameters are ns, partition, peer and sameness-group"
	nodeGrammar    = "write NAME?ns=NAMESPACE&partition=PARTITION@DATACENTER, all but the name optional, or nothing for the agent's own node"
	nodesGrammar   = "write ?ns=NAMESPACE&partition=PARTITION@DATACENTER~NEAR, each part optional"
	listGrammar    = "write ?ns=NAMESPACE&partition=PARTITION@DATACENTER, each part optional"
	peeringGrammar = "write ?partition=PARTITION, or nothing"
)

// catalogQuery reads a query about a service catalogue in consul-template's
// grammar. The source is for the caller to set.
func catalogQuery(kind sources.Kind, text string) (sources.Query, error) {
	switch kind {
	case sources.Service, sources.Connect:
		return serviceQuery(kind, text)
	case sources.NodeOf:
		if text == "" {
			return sources.Query{Kind: kind}, nil
		}
		return listQuery(kind, text, "@?", nodeGrammar)
	case sources.NodeList:
		return listQuery(kind, text, "~@?", nodesGrammar)
	case sources.ServiceList:
		return listQuery(kind, text, "@?", listGrammar)
	case sources.PeeringList:
		return listQuery(kind, text, "?", peeringGrammar)
	case sources.ImportedServiceList:
		if text == "" {
			return sources.Query{}, hint(errors.New("the partition is missing"), `name it, for example importedServices "default"`)
		}
		return partitionQuery(kind, text), nil
	case sources.ExportedServiceList:
		return partitionQuery(kind, text), nil
	case sources.CALeaf:
		return sources.Query{Kind: kind, Path: text}, nil
	}
	return sources.Query{Kind: kind}, nil
}

func partitionQuery(kind sources.Kind, name string) sources.Query {
	return sources.Query{Kind: kind, Options: sources.Options{Partition: name}.Handle()}
}

// isCatalog reports whether a kind asks about a service catalogue.
func isCatalog(kind sources.Kind) bool { return kind >= sources.Service && kind <= sources.CALeaf }

func serviceQuery(kind sources.Kind, text string) (sources.Query, error) {
	p, ok := cutPieces(text, "|~@?")
	tag, name := "", p.head
	if i := strings.LastIndexByte(p.head, '.'); i >= 0 {
		tag, name = p.head[:i], p.head[i+1:]
		ok = ok && only(tag, "=:.-")
	}
	if !ok || !only(name, "-") {
		return malformed(kind, text, serviceGrammar)
	}
	filter, err := healthFilter(p.filter)
	if err != nil {
		return sources.Query{}, hint(fmt.Errorf("%w in %q", err, text), "the states are any, passing, warning, critical and maintenance")
	}
	o, err := readParams(p.params)
	if err != nil {
		return sources.Query{}, hint(fmt.Errorf("%w of %q", err, text), serviceGrammar)
	}
	if o.peer != "" && o.group != "" {
		return sources.Query{}, hint(fmt.Errorf("%q names a peer and a sameness group", text), "leave one of them out")
	}
	options := sources.Options{
		Datacenter: p.datacenter, Namespace: o.namespace, Partition: o.partition,
		Params: encoded(sources.ParamFilter, filter, sources.ParamNear, p.near, sources.ParamPeer, o.peer,
			sources.ParamSamenessGroup, o.group, sources.ParamTag, tag),
	}
	return sources.Query{Kind: kind, Path: name, Options: options.Handle()}, nil
}

// listQuery reads the other forms, which have no tag and no filter and, but
// for the node, no name.
func listQuery(kind sources.Kind, text, allowed, grammar string) (sources.Query, error) {
	p, ok := cutPieces(text, allowed)
	if !ok || (kind == sources.NodeOf) != (p.head != "") || p.head != "" && !only(p.head, ".-") {
		return malformed(kind, text, grammar)
	}
	o, err := readParams(p.params)
	if err != nil {
		return sources.Query{}, hint(fmt.Errorf("%w of %q", err, text), grammar)
	}
	options := sources.Options{
		Datacenter: p.datacenter, Namespace: o.namespace, Partition: o.partition,
		Params: encoded(sources.ParamNear, p.near),
	}
	if kind == sources.PeeringList {
		options.Namespace = "" // peerings belong to a partition
	}
	return sources.Query{Kind: kind, Path: p.head, Options: options.Handle()}, nil
}

func malformed(kind sources.Kind, text, grammar string) (sources.Query, error) {
	return sources.Query{}, hint(fmt.Errorf("invalid %s query %q", kind, text), grammar)
}
