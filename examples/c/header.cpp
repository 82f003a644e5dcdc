// Prints the Authorization header for a JSA console: the handle of minbearer.h in a unique_ptr.
//
//     curl -H @<(./header) "$CONSOLE_URL/api/ariel/databases"
#include <iostream>
#include <memory>
#include <minbearer.h>

struct Free {
  void operator()(minbearer *handle) const { minbearer_free(handle); }
};

int main() {
  std::unique_ptr<minbearer, Free> jsa(minbearer_jsa_from_env());
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  minbearer_status status = minbearer_authorization(jsa.get(), value, sizeof value, &why);
  if (status != MINBEARER_OK) {
    std::cerr << "header: " << why.text << '\n';
    return status;
  }
  std::cout << "Authorization: " << value << '\n';
  minbearer_wipe(value, sizeof value);
}
