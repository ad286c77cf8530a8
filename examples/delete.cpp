/* Deletes a signature request and says what happened. Exits with 0 only if it is gone.
 *
 *     OKDOK_BASE_URL=http://localhost:8080 OKDOK_API_KEY=sandbox-key ./delete 0b9ba6c8-2c5f-4c0e-8f8a-5d0f3e6c1a47
 */
#include <okdok.hpp>

#include <cstdlib>
#include <iostream>
#include <optional>

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 4) {
        std::cerr << "usage: " << argv[0] << " ID [BASE_URL API_KEY]   (or set OKDOK_BASE_URL and OKDOK_API_KEY)\n";
        return 2;
    }
    const char *id = argv[1];
    const char *base_url = argc == 4 ? argv[2] : std::getenv("OKDOK_BASE_URL");
    const char *api_key = argc == 4 ? argv[3] : std::getenv("OKDOK_API_KEY");
    if (base_url == nullptr) { // nullptr would mean the development host, which nobody should use by accident.
        std::cerr << "OKDOK_BASE_URL is not set\n";
        return 2;
    }

    std::optional<okdok::client> client;
    try {
        client.emplace(base_url, api_key);
    } catch (const okdok::error &error) {
        std::cerr << okdok::status_name(error.status()) << ": " << error.what() << '\n';
        return 2;
    }

    try {
        const okdok::deletion gone = client->delete_signature_request(id);
        const auto status = gone.presumed ? okdok::status::presumed_deleted : okdok::status::ok;
        std::cout << id << " is gone (" << okdok::status_name(status) << ", attempts: " << gone.attempts << ")\n";
        return 0;
    } catch (const okdok::error &error) {
        std::cerr << id << ": " << okdok::status_name(error.status()) << ": " << error.what() << '\n';
        if (error.outcome_unknown()) {
            std::cerr << "It is not known whether " << id << " was deleted.\n";
        }
        return 1;
    }
}
