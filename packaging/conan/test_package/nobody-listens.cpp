// Uses the whole library, but needs no server.
#include <okdok.hpp>

#include <iostream>

int main()
{
    okdok::options options;
    options.max_attempts = 1;
    try {
        okdok::client("http://127.0.0.1:1", "no-key", options).delete_signature_request("no-id");
    } catch (const okdok::error &error) {
        std::cout << "okdok " << okdok::version() << ": " << error.what() << '\n';
        return error.status() == okdok::status::connect_failed ? 0 : 1;
    }
    return 1;
}
