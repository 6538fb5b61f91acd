package render

import "errors"

var errNomad = errors.New("this function of consul-template asks Nomad, which is not supported")

// nomadFunctions are refused when they are called, not when the template is
// parsed, so that a template may have them in a branch that does not run.
func nomadFunctions() []bound {
	var list []bound
	for _, name := range [...]string{"nomadService", "nomadServices", "nomadVar", "nomadVarExists", "nomadVarList", "nomadVarListSafe"} {
		f := doc("Not supported", name, "...", "Fails when it is called: Nomad is not supported.", `{{ if false }}{{ `+name+` }}{{ end }}`)
		list = append(list, bound{Func: f, bind: func(*Template) any { return withoutNomad }})
	}
	return list
}

func withoutNomad(...any) (string, error) {
	return "", hint(errNomad, "keep the data in Consul, etcd or Vault and use key, service or secret")
}
