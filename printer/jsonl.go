package printer

// Lines collects the JSON objects of a view of many results.
type Lines struct {
	*Text
	end func()
}

// End ends an object, which has been appended to the text.
func (l *Lines) End() { l.end() }

// hasDocument reports whether a view has a JSON document, or several.
func hasDocument(v View) bool {
	return implements[Document](v) || hasJSON(v) || implements[Objects](v)
}

// document appends the document of a view.
func document(t *Text, v View) {
	if d, ok := v.(Document); ok {
		d.Document(t)
		return
	}
	printJSON(t, v)
}

// objects appends each of the view's objects, which may be its document alone.
func objects(l *Lines, v View) {
	if o, ok := v.(Objects); ok {
		o.Objects(l)
		return
	}
	document(l.Text, v)
	l.End()
}

// printLines prints a JSON object a line.
func printLines(t *Text, v View) {
	t.setWhole()
	objects(&Lines{t, func() { t.Byte('\n'); t.room() }}, v)
}
