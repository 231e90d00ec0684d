package main

import (
	"os"
	"path/filepath"
)

// replace writes the staple as src/store/write-staple.ts does: temporary file in the same folder, fsync, rename, fsync
// of the folder.
func replace(staple string, contents []byte) error {
	folder, base := filepath.Split(staple)
	temporary := folder + "." + base + ".tmp"
	if err := writeDurably(temporary, contents); err != nil {
		os.Remove(temporary)
		return err
	}
	if err := os.Rename(temporary, staple); err != nil {
		os.Remove(temporary)
		return err
	}
	return synchronizeFolder(folder)
}

func writeDurably(name string, contents []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.Write(contents); err != nil {
		file.Close()
		return err
	}
	if err := file.Sync(); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func synchronizeFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
