package sources_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	yaml2 "go.yaml.in/yaml/v2"
	"gopkg.in/yaml.v3"

	"concierge/sources"
)

// fill sets every field that v has to a value made from its name and seed, so
// that two types with the same fields get the same contents.
func fill(v reflect.Value, name string, seed int) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name, seed)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_700_000_000+int64(seed), 0).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name, seed+i)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), name, seed+i)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, name, seed)
		v.SetMapIndex(reflect.ValueOf("key <"+name+">").Convert(v.Type().Key()), value)
	case reflect.String:
		v.SetString(fmt.Sprintf("%s <%d>", name, seed))
	case reflect.Bool:
		v.SetBool(seed%2 == 0)
	case reflect.Uint64:
		v.SetUint(uint64(1000 + seed))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(seed+len(name)) * 1_500_000_000)
	}
}

// caRoot is api.CARoot as of the release that consul-template 0.41.1 is built
// with; later ones have further fields.
type caRoot struct {
	ID, Name    string
	RootCertPEM string `json:"RootCert"`
	Active      bool

	CreateIndex, ModifyIndex uint64
}

// TestTypesAreWrittenLikeThoseOfTheLibrary compares each type that a template
// can print as a whole with the type of Consul's library it stands for.
func TestTypesAreWrittenLikeThoseOfTheLibrary(t *testing.T) {
	for _, pair := range [][2]any{
		{new(sources.HealthChecks), new(api.HealthChecks)},
		{new(sources.HealthCheck), new(api.HealthCheck)},
		{new(sources.HealthCheckDefinition), new(api.HealthCheckDefinition)},
		{new(sources.CARoots), new([]*caRoot)},
		{new(sources.LeafCertificate), new(api.LeafCert)},
		{new(sources.ServiceAddress), new(api.ServiceAddress)},
		{new(sources.Weights), new(api.AgentWeights)},
		{new(sources.PeeringStreamStatus), new(api.PeeringStreamStatus)},
		{new(sources.ReadableDuration), new(api.ReadableDuration)},
	} {
		for seed := range 4 {
			ours, theirs := reflect.ValueOf(pair[0]).Elem(), reflect.ValueOf(pair[1]).Elem()
			if seed > 0 { // the first is the zero value
				fill(ours, "", seed)
				fill(theirs, "", seed)
			}
			assertSameText(t, pair[0], pair[1])
			assertSameText(t, ours.Interface(), theirs.Interface())
		}
	}
}

func assertSameText(t *testing.T, ours, theirs any) {
	t.Helper()
	for name, write := range map[string]func(any) ([]byte, error){
		"JSON":    json.Marshal,
		"YAML":    yaml.Marshal,
		"YAML v2": yaml2.Marshal,
		"text":    func(v any) ([]byte, error) { return fmt.Appendf(nil, "%v", v), nil },
	} {
		if name == "text" && reflect.ValueOf(ours).Kind() == reflect.Slice {
			continue // of pointers: their addresses
		}
		got, err := write(ours)
		if err != nil {
			t.Fatal(err)
		}
		want, err := write(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if name == "text" && hasPointer(reflect.TypeOf(ours)) {
			continue
		}
		if string(got) != string(want) {
			t.Errorf("%T as %s is\n%s\nwant\n%s", ours, name, got, want)
		}
	}
}

// hasPointer reports whether printing a value of the type shows an address.
func hasPointer(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return t.Kind() == reflect.Slice
	}
	for f := range t.Fields() {
		if f.Type.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

// TestAggregatedStatusIsThatOfTheLibrary goes through all pairs of checks.
func TestAggregatedStatusIsThatOfTheLibrary(t *testing.T) {
	kinds := [][2]string{
		{"a", "passing"}, {"b", "warning"}, {"c", "critical"}, {"d", "odd"}, {"e", ""}, {"f", "maintenance"},
		{"_node_maintenance", "critical"}, {"_service_maintenance:web-1", "critical"}, {"_service_maintenance", "critical"},
	}
	assert := func(picked ...[2]string) {
		var ours sources.HealthChecks
		var theirs api.HealthChecks
		for _, k := range picked {
			ours = append(ours, &sources.HealthCheck{CheckID: k[0], Status: k[1]})
			theirs = append(theirs, &api.HealthCheck{CheckID: k[0], Status: k[1]})
		}
		if got, want := ours.AggregatedStatus(), theirs.AggregatedStatus(); got != want {
			t.Errorf("%v is %q, want %q", picked, got, want)
		}
	}
	assert()
	for _, a := range kinds {
		assert(a)
		for _, b := range kinds {
			assert(a, b)
			assert(b, a, b)
		}
	}
}
