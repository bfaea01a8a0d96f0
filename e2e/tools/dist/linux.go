package main

import (
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/apk"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	"github.com/goreleaser/nfpm/v2/rpm"
)

// packages writes the deb, the rpm and the apk of a target.
func (r *release) packages(t target, bin string, shared []file) error {
	all := programFiles(t, bin, "/usr/bin")
	for _, f := range shared {
		f.to = path.Join("/usr", f.to)
		if strings.HasPrefix(f.to, "/usr/share/man/") {
			var err error
			if f, err = r.compressed(f); err != nil {
				return err
			}
		}
		f.to = strings.Replace(f.to, "/zsh/site-functions/", "/zsh/vendor-completions/", 1)
		all = append(all, f)
	}
	for _, name := range []string{"LICENSE", "README.md"} {
		all = append(all, file{from: filepath.Join(r.source, name), to: "/usr/share/doc/etcdkit/" + strings.Replace(name, "LICENSE", "copyright", 1), mode: 0o644})
	}
	for _, k := range []struct {
		nfpm.Packager
		kind      string
		conflicts []string // packages of distributions with files of the same names
		zsh       string   // where zsh looks for completions
	}{
		{deb.Default, "deb", []string{"etcd-client"}, "vendor-completions"},
		{rpm.DefaultRPM, "rpm", nil, "site-functions"},
		{apk.Default, "apk", []string{"etcd-ctl", "etcd-utl"}, "site-functions"},
	} {
		if !r.makes(k.kind) {
			continue
		}
		info := r.info(t, all, k.zsh)
		info.Conflicts, info.Replaces = k.conflicts, k.conflicts
		if n, _, after := strings.Cut(r.version.commits, "."); after && k.kind == "apk" { // whose versions have no "+"
			info.Version, info.VersionMetadata = info.Version+"_p"+n, ""
		}
		// The name does not depend on the kind's spelling of a version, so that one rule finds all.
		name := "etcdkit_" + r.version.String() + "_" + t.String() + "." + k.kind
		if err := r.create(name, func(w io.Writer) error { return k.Package(info, w) }); err != nil {
			return err
		}
	}
	return nil
}

// info describes the package of a target.
func (r *release) info(t target, all []file, zsh string) *nfpm.Info {
	info := &nfpm.Info{
		Name: "etcdkit", Arch: t.arch, Platform: t.os, MTime: r.time,
		Version: r.version.number, Prerelease: r.version.prerelease, VersionMetadata: r.version.commits, VersionSchema: "none",
		Section: "admin", Priority: "optional", License: "Apache-2.0",
		Maintainer:  "etcdkit <etcdkit@localhost>",
		Description: "Command line programs for etcd\netcdctl and etcdutl, which replace those of etcd, and etcdutl-server, which etcdutl starts.",
	}
	info.RPM.BuildHost = "localhost"
	info.Deb.Compression = "gzip:" + strconv.Itoa(r.level)
	info.RPM.Compression = info.Deb.Compression
	for _, f := range all {
		to := strings.Replace(f.to, "/zsh/vendor-completions/", "/zsh/"+zsh+"/", 1)
		info.Contents = append(info.Contents, &files.Content{
			Source: f.from, Destination: to,
			FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: f.mode, MTime: r.time},
		})
	}
	return nfpm.WithDefaults(info)
}

// compressed compresses a man page, as distributions want it.
func (r *release) compressed(f file) (file, error) {
	name := f.from + ".gz"
	out, err := os.Create(name)
	if err != nil {
		return f, err
	}
	defer out.Close()
	z, err := gzip.NewWriterLevel(out, gzip.BestCompression) // without a name and a time
	if err != nil {
		return f, err
	}
	if err := copyFile(z, f.from); err != nil {
		return f, err
	}
	if err := z.Close(); err != nil {
		return f, err
	}
	f.from, f.to = name, f.to+".gz"
	return f, out.Close()
}
