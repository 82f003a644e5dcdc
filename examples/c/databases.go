// Asks the JSA console for its databases: the handle of minbearer.h by cgo, the API call by net/http.
package main

// #cgo pkg-config: minbearer
// #include <minbearer.h>
import "C"

import (
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	jsa := C.minbearer_jsa_from_env()
	defer C.minbearer_free(jsa)
	var value [C.MINBEARER_VALUE_SIZE]C.char
	var why C.minbearer_message
	if C.minbearer_authorization(jsa, &value[0], C.MINBEARER_VALUE_SIZE, &why) != C.MINBEARER_OK {
		log.Fatal(C.GoString(&why.text[0]))
	}

	request, err := http.NewRequest("GET", os.Getenv("CONSOLE_URL")+"/api/ariel/databases", nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", C.GoString(&value[0]))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		log.Fatal(err)
	}
}
