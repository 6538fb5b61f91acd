package render_test

import (
	"slices"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

// instances are what a source answers for two instances of web.
func instances() sources.HealthServices {
	return sources.HealthServices{
		{Node: "n1", ID: "web-1", Name: "web", Address: "10.0.0.1", Port: 80, Tags: sources.ServiceTags{"blue", "v1"}, Status: "passing", ServiceMeta: map[string]string{"zone": "a"}},
		{Node: "n2", ID: "web-2", Name: "web", Address: "10.0.0.2", Port: 81, Tags: sources.ServiceTags{"blue"}, Status: "warning", ServiceMeta: map[string]string{"zone": "b"}},
	}
}

// catalog holds an answer to each kind of catalogue query.
func catalog(t *testing.T) sources.Snapshot {
	t.Helper()
	answers := make(map[sources.Query]sources.Value)
	for _, a := range []struct {
		kind sources.Kind
		text string
		data any
	}{
		{sources.Service, "web", instances()},
		{sources.Service, "web|any", instances()},
		{sources.Service, "none", nil},
		{sources.Connect, "web", instances()[:1]},
		{sources.ServiceList, "", sources.CatalogServices{{Name: "consul", Tags: sources.ServiceTags{}}, {Name: "web", Tags: sources.ServiceTags{"blue", "v1"}}}},
		{sources.NodeOf, "", &sources.CatalogNode{Node: &sources.Node{Node: "n1", Address: "10.0.0.1"}, Services: []*sources.CatalogNodeService{{ID: "web-1", Service: "web", Port: 80}}}},
		{sources.NodeOf, "gone", nil},
		{sources.NodeList, "", sources.Nodes{{Node: "n1", Address: "10.0.0.1"}, {Node: "n2", Address: "10.0.0.2"}}},
		{sources.DatacenterList, "", sources.Names{"dc1", "dc2"}},
		{sources.PartitionList, "", sources.Partitions{{Name: "default", Description: "d"}}},
		{sources.PeeringList, "", sources.Peerings{{Name: "east", PeeringState: "ACTIVE"}}},
		{sources.ExportedServiceList, "", sources.ExportedServices{{Service: "web", Consumers: sources.ServiceConsumers{Peers: []string{"east"}}}}},
		{sources.ImportedServiceList, "default", sources.ImportedServices{{Service: "db", SourcePartition: "p"}}},
		{sources.CARootList, "", sources.CARoots{{RootCertPEM: "PEM", Active: true}}},
	} {
		q, err := render.Naming{}.Query(a.kind, a.text)
		if err != nil {
			t.Fatal(err)
		}
		answers[q] = sources.Value{Exists: a.data != nil, Data: a.data}
	}
	answers[sources.Query{Source: "consul", Kind: sources.DatacenterList, Options: sources.Options{Params: "reachable=true"}.Handle()}] = sources.Value{Exists: true, Data: sources.Names{"dc1"}}
	answers[sources.Query{Source: "consul", Kind: sources.CALeaf, Path: "web"}] = sources.Value{Exists: true, Tainted: true,
		Data: &sources.LeafCertificate{Service: "web", CertPEM: "CERT-PEM\n", PrivateKeyPEM: "KEY-PEM\n"}}
	s, _ := sources.Snapshot{}.With(answers)
	return s
}

func TestCatalogFunctionsGiveConsulTemplatesResults(t *testing.T) {
	data := catalog(t)
	for text, want := range map[string]string{
		`{{ range service "web" }}{{ .Node }} {{ .ID }} {{ .Address }}:{{ .Port }} {{ .Tags }} {{ .Status }} {{ .Weights.Passing }};{{ end }}`: "n1 web-1 10.0.0.1:80 [blue v1] passing 0;n2 web-2 10.0.0.2:81 [blue] warning 0;",
		`{{ range service "web" "any" }}{{ .Name }}{{ end }}`:                                                                  "webweb",
		`{{ range "web" | service }}{{ .Name }}{{ end }}`:                                                                      "webweb",
		`{{ with service "web" }}{{ with index . 0 }}{{ .Node }}{{ end }}{{ end }}`:                                            "n1",
		`{{ service "none" | toJSON }}{{ service "" | toJSON }}{{ service | len }}{{ connect "" | toJSON }}`:                   "[][]0[]",
		`{{ range service "none" }}{{ else }}nobody{{ end }}`:                                                                  "nobody",
		`{{ range connect "web" }}{{ .ID }}{{ end }}`:                                                                          "web-1",
		`{{ range $tag, $s := service "web" | byTag }}{{ $tag }}:{{ len $s }}{{ (index $s 0).ID }} {{ end }}`:                  "blue:2web-1 v1:1web-1 ",
		`{{ range $port, $s := service "web" | byPort }}{{ $port }}:{{ (index $s 0).ID }} {{ end }}`:                           "80:web-1 81:web-2 ",
		`{{ range $zone, $s := service "web" | byMeta "zone" }}{{ $zone }}:{{ range $s }}{{ .ID }}{{ end }} {{ end }}`:         "a:web-1 b:web-2 ",
		`{{ range $tag, $s := services | byTag }}{{ $tag }}:{{ (index $s 0).Name }} {{ end }}`:                                 "blue:web v1:web ",
		`{{ range $z, $s := service "web" | byMeta "zone" }}{{ range $t, $x := byTag $s }}{{ $z }}{{ $t }}{{ end }},{{ end }}`: "ablueav1,bblue,",
		`{{ range service "web" }}{{ if in .Tags "v1" }}{{ .ID }}{{ end }}{{ if .Tags | contains "blue" }}+{{ end }}{{ end }}`: "web-1++",
		`{{ range services }}{{ .Name }}={{ .Tags | join "," }};{{ end }}`:                                                     "consul=;web=blue,v1;",
		`{{ with node }}{{ .Node.Node }} {{ range .Services }}{{ .Service }}{{ end }}{{ end }}`:                                "n1 web",
		`{{ with node "gone" }}{{ if .Node }}there{{ else }}gone{{ end }}{{ end }}`:                                            "gone",
		`{{ range nodes }}{{ .Node }}@{{ .Address }} {{ end }}`:                                                                "n1@10.0.0.1 n2@10.0.0.2 ",
		`{{ datacenters }} {{ datacenters false | join "," }} {{ datacenters true }}`:                                          "[dc1 dc2] dc1,dc2 [dc1]",
		`{{ range partitions }}{{ .Name }}{{ .Description }}{{ end }}`:                                                         "defaultd",
		`{{ range peerings }}{{ .Name }}{{ .PeeringState }}{{ .StreamStatus.LastSend }}{{ end }}`:                              "eastACTIVE<nil>",
		`{{ exportedServices }}`:                                       "[{web   {[east] []}}]",
		`{{ range importedServices "default" }}{{ . }}{{ end }}`:       "{db  p}",
		`{{ range caRoots }}{{ .RootCertPEM }}{{ .Active }}{{ end }}`:  "PEMtrue",
		`{{ with caLeaf "web" }}{{ .CertPEM }}{{ .Service }}{{ end }}`: "CERT-PEM\nweb",
		`{{ caLeaf "" }}{{ caLeaf }}{{ with caLeaf "" }}x{{ end }}`:    "<no value><no value>",
	} {
		got, err := execute(text, data)
		if err != nil || got != want {
			t.Errorf("%s\ngave %q, %v\nwant %q", text, got, err, want)
		}
	}
}

func TestCatalogFunctionsGiveEmptyValuesBeforeTheFirstAnswer(t *testing.T) {
	for text, want := range map[string]string{
		`{{ fail (toJSON (service "a")) }}`: "[]", `{{ fail (toJSON (connect "a")) }}`: "[]", `{{ fail (toJSON services) }}`: "[]",
		`{{ fail (toJSON nodes) }}`: "[]", `{{ fail (toJSON datacenters) }}`: "[]", `{{ fail (toJSON partitions) }}`: "[]",
		`{{ fail (toJSON peerings) }}`: "[]", `{{ fail (toJSON exportedServices) }}`: "[]", `{{ fail (toJSON (importedServices "p")) }}`: "[]",
		`{{ fail (toJSON node) }}`: "null", `{{ fail (toJSON caRoots) }}`: "null", `{{ with caLeaf "a" }}{{ else }}{{ fail "null" }}{{ end }}`: "null",
		`{{ with pkiCert "a" }}{{ else }}{{ fail "null" }}{{ end }}`: "null", `{{ fail (toJSON (secret "a" "b=c")) }}`: "null",
	} {
		result, err := parse(t, text, render.Options{Name: "x"}).Execute(sources.Snapshot{})
		if err != nil || len(result.Missing) != 1 || result.Missing[0].Absent || result.Provisional == nil || !strings.Contains(result.Provisional.Error(), "fail: "+want+" ") {
			t.Errorf("%s: %+v, %v; want one missing and %s", text, result, err, want)
		}
	}
}

func TestAbsentLeafCertificateIsWaitedFor(t *testing.T) {
	tmpl := parse(t, `{{ with caLeaf "web" }}{{ .CertPEM }}{{ end }}`, render.Options{})
	result, err := tmpl.Execute(with(sources.Snapshot{}, tmpl.Literals()[0], sources.Value{}))
	if err != nil || len(result.Missing) != 1 || !result.Missing[0].Absent {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestCatalogFunctionsRefuseWrongArguments(t *testing.T) {
	for text, want := range map[string]string{
		`{{ datacenters true true }}`:          "wrong number of arguments, expected at most 1, but got 2",
		`{{ datacenters "true" }}`:             "expected bool",
		`{{ exportedServices "a" "b" }}`:       "wrong number of arguments, expected at most 1, but got 2",
		`{{ importedServices }}`:               "the partition is missing",
		`{{ partitions "x" }}`:                 "wrong number of arguments, expected at most 0, but got 1",
		`{{ service "web" "up" }}`:             `unknown health state "up" in "web|up" (the states are any`,
		`{{ service "web" "passing" "any" }}`:  "invalid service query",
		`{{ service 5 }}`:                      "expected string",
		"\n  {{ range nodes \"@\" }}{{ end }}": `x:2:12: nodes: invalid nodes query "@" (write ?ns=`,
	} {
		_, err := parse(t, text, render.Options{Name: "x"}).Execute(sources.Snapshot{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestCatalogLiteralsAreFoundBeforeTheFirstExecution(t *testing.T) {
	for text, want := range map[string]string{
		`{{ range service "t.web@dc" }}{{ end }}`:                        "service consul:web?tag=t@dc",
		`{{ range service "web" "any" }}{{ end }}`:                       "service consul:web?filter=any",
		`{{ range "any" | service "web" }}{{ end }}`:                     "service consul:web?filter=any",
		`{{ range connect "web" }}{{ end }}`:                             "connect consul:web",
		`{{ range services }}{{ end }}{{ range nodes }}{{ end }}`:        "services consul:,nodes consul:",
		`{{ with node }}{{ end }}{{ with node "n@dc" }}{{ end }}`:        "node consul:,node consul:n@dc",
		`{{ datacenters }}{{ datacenters true }}{{ datacenters false }}`: "datacenters consul:,datacenters consul:?reachable=true",
		`{{ partitions }}{{ peerings "?partition=p" }}`:                  "partitions consul:,peerings consul:?partition=p",
		`{{ exportedServices }}{{ importedServices "p" }}`:               "exportedServices consul:,importedServices consul:?partition=p",
		`{{ caRoots }}{{ caLeaf "web" }}`:                                "caRoots consul:,caLeaf consul:web",
		`{{ service (key "name") }}{{ service "web" (env "F") }}`:        "key consul:name",
		`{{ service "" }}{{ service "a/b" }}{{ importedServices }}`:      "",
		// These change the store, so only an execution asks them.
		`{{ secret "a" "b=c" }}{{ pkiCert "a" "b=c" }}`: "",
	} {
		var got []string
		for _, q := range parse(t, text, render.Options{}).Literals() {
			got = append(got, q.String())
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: literals %v, want %s", text, got, want)
		}
	}
}

func TestLiteralsAreWhatTheExecutionAsks(t *testing.T) {
	for _, text := range []string{
		`{{ service "t.web?ns=n@dc~near|any" }}`, `{{ "any" | connect "web" }}`, `{{ services "?ns=n@dc" }}`, `{{ node }}`, `{{ nodes "~n" }}`,
		`{{ datacenters true }}`, `{{ partitions }}`, `{{ peerings }}`, `{{ exportedServices "p" }}`, `{{ importedServices "p" }}`, `{{ caRoots }}`,
		`{{ caLeaf "web" }}`, `{{ keyOrDefault "a" "b" }}`, `{{ secret "a?version=1" }}`, `{{ file "/a" }}`, `{{ tree "a@dc" }}`,
	} {
		tmpl := parse(t, text, render.Options{})
		result, err := tmpl.Execute(sources.Snapshot{})
		if err != nil || len(result.Used) != 1 || !slices.Equal(result.Used, tmpl.Literals()) {
			t.Errorf("%s: used %v, literals %v, %v", text, result.Used, tmpl.Literals(), err)
		}
	}
}
