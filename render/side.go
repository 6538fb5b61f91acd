package render

func sideFunctions() []bound {
	const group = "Programs and further files"
	return []bound{
		{doc(group, "plugin", "program [arguments ...]", "What a program prints, trimmed of white space. It is run directly, without a shell, once for each complete rendering, and may take 30 seconds. Blank arguments are left out.",
			`{{ plugin "hostname" "-f" }}`), nil, 0, func(t *Template) any { return t.plugin }},
		{doc(group, "writeToFile", "path user group permissions [flags] content", "Writes a file beside the template's own when the rendering is complete, and renders nothing. The flags are append and newline.",
			`{{ key "app/cert" | writeToFile "/run/app/cert.pem" "app" "app" "0600" "newline" }}`), nil, 0, func(t *Template) any { return t.writeToFile }},
	}
}
