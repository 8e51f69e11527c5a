// Sends OTLP/JSON by the HTTP client of the JDK, set up as OpenTelemetry's JDK sender sets it up: no
// version is named, so each request in clear text offers to go on in HTTP/2 (`Upgrade: h2c`).
//
//     java Send.java URL REQUESTS       each request has one span, its trace's number in all its ids
//
// The connection rests once for longer than the gateway keeps its buffers. Prints what was not 200.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

public class Send {
  private static final String BODY =
      "{'resourceSpans':[{'resource':{},'scopeSpans':[{'scope':{},'spans':[{'traceId':'%032x',"
          + "'spanId':'%016x','name':'/item/%d','kind':1,'startTimeUnixNano':'1',"
          + "'endTimeUnixNano':'2'}]}]}]}";

  public static void main(String[] words) throws Exception {
    HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(new URI(words[0]))
            .timeout(Duration.ofSeconds(10))
            .header("Content-Type", "application/json");
    int requests = Integer.parseInt(words[1]);
    for (int number = 0; number < requests; number++) {
      if (number == requests / 2) {
        Thread.sleep(2500);
      }
      String body = String.format(BODY, number + 1, number + 1, number).replace('\'', '"');
      var answer =
          client.send(request.POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        System.out.println(number + ": " + answer.statusCode() + " " + answer.body());
      }
    }
  }
}
