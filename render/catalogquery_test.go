package render_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

func TestCatalogQueriesAreReadByConsulTemplatesGrammar(t *testing.T) {
	for _, c := range []struct {
		kind sources.Kind
		text string
		want sources.Query
	}{
		{sources.Service, "web", sources.Query{Path: "web"}},
		{sources.Service, "web-1_a", sources.Query{Path: "web-1_a"}},
		{sources.Service, "tag.web", sources.Query{Path: "web", Options: sources.Options{Params: "tag=tag"}.Handle()}},
		{sources.Service, "a.b=c:d-e.web", sources.Query{Path: "web", Options: sources.Options{Params: "tag=a.b%3Dc%3Ad-e"}.Handle()}},
		{sources.Service, "web@dc-1.x", sources.Query{Path: "web", Options: sources.Options{Datacenter: "dc-1.x"}.Handle()}},
		{sources.Service, "web~_agent", sources.Query{Path: "web", Options: sources.Options{Params: "near=_agent"}.Handle()}},
		{sources.Service, "web|any", sources.Query{Path: "web", Options: sources.Options{Params: "filter=any"}.Handle()}},
		{sources.Service, "web|passing", sources.Query{Path: "web"}},
		{sources.Service, "web|warning,passing,warning,", sources.Query{Path: "web", Options: sources.Options{Params: "filter=passing%2Cwarning"}.Handle()}},
		{sources.Service, "web?ns=n&partition=p", sources.Query{Path: "web", Options: sources.Options{Namespace: "n", Partition: "p"}.Handle()}},
		{sources.Service, "web?peer=x&peer=y", sources.Query{Path: "web", Options: sources.Options{Params: "peer=x"}.Handle()}},
		{sources.Service, "t.web?ns=n&sameness-group=g@dc~node.1|critical,maintenance", sources.Query{Path: "web", Options: sources.Options{Datacenter: "dc", Namespace: "n", Params: "filter=critical%2Cmaintenance&near=node.1&sameness-group=g&tag=t"}.Handle()}},
		{sources.Connect, "t.web@dc|any", sources.Query{Path: "web", Options: sources.Options{Datacenter: "dc", Params: "filter=any&tag=t"}.Handle()}},
		{sources.ServiceList, "", sources.Query{}},
		{sources.ServiceList, "?ns=n@dc", sources.Query{Options: sources.Options{Namespace: "n", Datacenter: "dc"}.Handle()}},
		{sources.ServiceList, "@dc", sources.Query{Options: sources.Options{Datacenter: "dc"}.Handle()}},
		{sources.NodeOf, "", sources.Query{}},
		{sources.NodeOf, "node.1-a?partition=p@dc", sources.Query{Path: "node.1-a", Options: sources.Options{Partition: "p", Datacenter: "dc"}.Handle()}},
		{sources.NodeList, "", sources.Query{}},
		{sources.NodeList, "?ns=n@dc~_agent", sources.Query{Options: sources.Options{Namespace: "n", Datacenter: "dc", Params: "near=_agent"}.Handle()}},
		{sources.NodeList, "~n", sources.Query{Options: sources.Options{Params: "near=n"}.Handle()}},
		{sources.NodeList, "?peer=ignored", sources.Query{}},
		{sources.PeeringList, "?partition=p&ns=ignored", sources.Query{Options: sources.Options{Partition: "p"}.Handle()}},
		{sources.PeeringList, "", sources.Query{}},
		{sources.PartitionList, "", sources.Query{}},
		{sources.DatacenterList, "", sources.Query{}},
		{sources.CARootList, "", sources.Query{}},
		{sources.CALeaf, "web", sources.Query{Path: "web"}},
		{sources.ExportedServiceList, "p", sources.Query{Options: sources.Options{Partition: "p"}.Handle()}},
		{sources.ImportedServiceList, "p", sources.Query{Options: sources.Options{Partition: "p"}.Handle()}},
	} {
		c.want.Source, c.want.Kind = "consul", c.kind
		for _, n := range []render.Naming{{}, naming("etcd", "etcd", "consul")} {
			if got, err := n.Query(c.kind, c.text); err != nil || got != c.want {
				t.Errorf("%s %q: %+v, %v\nwant %+v", c.kind, c.text, got, err, c.want)
			}
		}
	}
}

func TestMalformedCatalogQueriesNameTheGrammar(t *testing.T) {
	for kind, texts := range map[sources.Kind]map[string]string{
		sources.Service: {
			"": "write TAG.NAME", ".web": "write TAG.NAME", "tag.": "write TAG.NAME", "a/b": "write TAG.NAME", "web|": "write TAG.NAME",
			"web@": "write TAG.NAME", "web~": "write TAG.NAME", "web?": "write TAG.NAME", "web~a@dc": "write TAG.NAME", "web@dc?ns=n": "write TAG.NAME",
			"web|any~n": "write TAG.NAME", "web|any|any": "write TAG.NAME", "web ": "write TAG.NAME", "w\xe9b": "write TAG.NAME",
			"web|up": `unknown health state "up" in "web|up" (the states are`, "web|,": "no health state", "web|any,Passing": `unknown health state "Passing"`,
			"web?x=1": `unknown parameter "x" of "web?x=1" (write TAG.NAME`, "web?peer=a&sameness-group=b": "a peer and a sameness group",
		},
		sources.ServiceList: {"web": "write ?ns=", "?": "write ?ns=", "~near": "write ?ns=", "@dc?ns=x": "write ?ns="},
		sources.NodeOf:      {"@dc": "write NAME", "n~near": "write NAME", "a/b": "write NAME", "?ns=x": "write NAME"},
		sources.NodeList:    {"n": "write ?ns=", "@dc|any": "write ?ns=", "~a@dc": "write ?ns="},
		sources.PeeringList: {"p": "write ?partition=", "?partition=p@dc": "write ?partition=", "@dc": "write ?partition="},
		sources.ImportedServiceList: {
			"": `the partition is missing (name it, for example importedServices "default")`,
		},
	} {
		for text, want := range texts {
			_, err := render.Naming{}.Query(kind, text)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), ")") {
				t.Errorf("%s %q: error %v, want one with %q and a hint", kind, text, err, want)
			}
		}
	}
}

// servicePattern is the grammar of services as consul-template 0.41.1 has it.
var servicePattern = regexp.MustCompile(`\A(([[:word:]=:.\-]+)\.)?([[:word:]\-]+)(\?([[:word:]\-=&]+))?(@([[:word:].\-]+))?(~([[:word:].\-]+))?(\|([[:word:],]+))?\z`)

func FuzzCatalogQuery(f *testing.F) {
	for _, seed := range []string{"web", "t.web?ns=n@dc~near|any", "a.b=c:d.web", "", "@dc", "?ns=x", "~_agent", "web|passing,warning", "web|,", "n.o-de?partition=p@dc", "|", ".."} {
		f.Add(seed)
	}
	kinds := []sources.Kind{sources.Service, sources.Connect, sources.ServiceList, sources.NodeOf, sources.NodeList, sources.PeeringList}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range kinds {
			q, err := render.Naming{}.Query(kind, text)
			if err != nil {
				if !strings.HasSuffix(err.Error(), ")") {
					t.Errorf("%s %q: error without a hint: %v", kind, text, err)
				}
				continue
			}
			params, err := url.ParseQuery(q.Opts().Params)
			if err != nil || params.Encode() != q.Opts().Params {
				t.Errorf("%s %q: parameters %q are not canonical: %v", kind, text, q.Opts().Params, err)
			}
			if strings.ContainsAny(q.Path+q.Opts().Datacenter, "@?~|/ ") {
				t.Errorf("%s %q became %+v", kind, text, q)
			}
		}
		checkService(t, text)
	})
}

// checkService compares with the pattern.
func checkService(t *testing.T, text string) {
	q, err := render.Naming{}.Query(sources.Service, text)
	m := servicePattern.FindStringSubmatch(text)
	if m == nil {
		if err == nil {
			t.Errorf("%q became %+v, consul-template refuses it", text, q)
		}
		return
	}
	if err != nil {
		if !slices.ContainsFunc([]string{"health state", "parameter", "sameness"}, func(s string) bool { return strings.Contains(err.Error(), s) }) {
			t.Errorf("%q is refused: %v", text, err)
		}
		return
	}
	params, _ := url.ParseQuery(q.Opts().Params)
	if q.Path != m[3] || params.Get("tag") != m[2] || q.Opts().Datacenter != m[7] || params.Get("near") != m[9] {
		t.Errorf("%q became %+v", text, q)
	}
}
