// Deletes one OKdokument signature request: Delete ID
// OKDOK_BASE_URL is the service and OKDOK_API_KEY the key. The exit code is 0 only if the signature request is gone.

using System;
using Okdok;

internal static class Delete
{
    private static int Main(string[] args)
    {
        if (args.Length != 1)
        {
            Console.Error.WriteLine("usage: Delete ID");
            return 2;
        }

        try
        {
            using (OkdokClient client = OkdokClient.FromEnvironment())
            {
                Deletion deletion = client.DeleteSignatureRequest(args[0]);
                Console.WriteLine((deletion.Presumed ? "Presumably deleted " : "Deleted ") + deletion.Id);
                return 0;
            }
        }
        catch (OkdokException e) when (e.Status == OkdokStatus.NotFound)
        {
            Console.Error.WriteLine("There is no such signature request.");
        }
        catch (OkdokException e) when (e.Status == OkdokStatus.Unauthorized)
        {
            Console.Error.WriteLine("The service does not accept this API key.");
        }
        catch (OkdokException e)
        {
            Console.Error.WriteLine("Not deleted: " + e.Message);
            if (e.OutcomeUnknown)
            {
                Console.Error.WriteLine("The service may have deleted it anyway; run this again to find out.");
            }
        }
        catch (ArgumentException e)
        {
            // A variable is missing, or no signature request can have this id.
            Console.Error.WriteLine("Not sent: " + e.Message);
        }

        return 1;
    }
}
