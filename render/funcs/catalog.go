package funcs

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

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
	Tags                   []string // sorted
	Checks                 []HealthCheck
	Status                 string // the worst of all checks
	Port                   int
	Weights                Weights
}

// ServiceAddress is one tagged address of a service.
type ServiceAddress struct {
	Address string
	Port    int
}

// HealthCheck is one check of a service or its node.
type HealthCheck struct {
	Node, CheckID, Name, Status, Notes, Output string
	ServiceID, ServiceName                     string
	ServiceTags                                []string
	Type, Namespace, Partition                 string
}

// Weights are a service's weights in DNS answers.
type Weights struct{ Passing, Warning int }

// CatalogSnippet is the name of a service with the tags of all its instances.
type CatalogSnippet struct {
	Name string
	Tags []string // sorted
}

func catalogTable() []Func {
	const group = "Services"
	return []Func{
		{"byTag", group, "services", "Groups services by tag.",
			`{{ byTag nil | len }}`, `0`, byTag},
		{"byPort", group, "services", "Groups service instances by port.",
			`{{ byPort nil | len }}`, `0`, byPort},
		{"byMeta", group, "names services", "Groups service instances by the values of the metadata names, which are separated by commas. |int after a name pads its value to five digits.",
			`{{ byMeta "version,shard|int" nil | len }}`, `0`, byMeta},
	}
}

// byTag takes any list of structs with Name and Tags fields, so that the
// catalogues of several stores can be grouped.
func byTag(services any) (map[string][]any, error) {
	m := make(map[string][]any)
	if services == nil {
		return m, nil
	}
	list := reflect.ValueOf(services)
	if list.Kind() != reflect.Slice {
		return nil, fmt.Errorf("wrong argument type %T", services)
	}
	for i := range list.Len() {
		tags, ok := tagsOf(list.Index(i))
		if !ok {
			return nil, fmt.Errorf("wrong argument type %T", services)
		}
		for _, tag := range tags {
			m[tag] = append(m[tag], list.Index(i).Interface())
		}
	}
	return m, nil
}

func tagsOf(v reflect.Value) ([]string, bool) {
	v = reflect.Indirect(dynamic(v))
	if v.Kind() != reflect.Struct || !v.FieldByName("Name").IsValid() {
		return nil, false
	}
	field := v.FieldByName("Tags")
	if !field.IsValid() {
		return nil, false
	}
	tags, ok := reflect.TypeAssert[[]string](field)
	return tags, ok
}

func byPort(services any) (map[int][]HealthService, error) {
	m := make(map[int][]HealthService)
	switch list := services.(type) {
	case nil:
	case []HealthService:
		for _, s := range list {
			m[s.Port] = append(m[s.Port], s)
		}
	default:
		return nil, fmt.Errorf("wrong argument type %T", services)
	}
	return m, nil
}

func byMeta(names string, services []HealthService) (map[string][]HealthService, error) {
	m := make(map[string][]HealthService)
	for _, s := range services {
		key, err := metaKey(names, s.ServiceMeta)
		if err != nil {
			return nil, err
		}
		m[key] = append(m[key], s)
	}
	return m, nil
}

var notInMetaKey = regexp.MustCompile(`[^a-zA-Z0-9_-]`)

func metaKey(names string, meta map[string]string) (string, error) {
	var parts []string
	for name := range strings.SplitSeq(names, ",") {
		name, number := strings.CutSuffix(name, "|int")
		value, ok := meta[name]
		switch {
		case number:
			n, err := parseInt(value)
			if err != nil {
				return "", fmt.Errorf("service metadata %s: %w", name, err)
			}
			value = fmt.Sprintf("%05d", n)
		case !ok:
			value = "_no_" + name + "_"
		}
		parts = append(parts, notInMetaKey.ReplaceAllString(value, "_"))
	}
	return strings.Join(parts, "_"), nil
}
